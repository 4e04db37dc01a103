import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Service, startService } from '../support/service.ts';

let service: Service;

beforeAll(async () => {
  service = await startService();
});

afterAll(async () => {
  await service.close();
});

const notify = (message: string) => service.execute('notify_only', { message });

test('requests that come together share commits, and each has its own answer', async () => {
  const messages = Array.from({ length: 30 }, (_, index) => `together ${index}`);

  const answers = await Promise.all(messages.map(notify));

  expect(answers.map(({ status }) => status)).toEqual(messages.map(() => 200));
  const rows = await service.sql<{ id: string; message: string; commit: string }[]>`
    select id, parameters->>'message' as message, xmin::text as commit from execution where parameters->>'message' like 'together %'`;
  const stored = new Map(rows.map(({ id, message }) => [message, id]));
  expect(messages.map((message) => stored.get(message))).toEqual(answers.map(({ body }) => body.action_id));
  expect(new Set(rows.map(({ commit }) => commit)).size).toBeLessThan(10);
});

test('one that can not be stored fails alone: all that came with it are recorded', async () => {
  await service.sql.unsafe(`
    create function fail() returns trigger language plpgsql as $$ begin raise exception 'can not be stored'; end $$;
    create trigger poison before insert on execution for each row
      when (new.parameters->>'message' = 'poison') execute function fail();`);
  const messages = Array.from({ length: 20 }, (_, index) => (index === 9 ? 'poison' : `beside ${index}`));

  const answers = await Promise.all(messages.map(notify));

  const failed = answers.flatMap(({ status }, index) => (status === 200 ? [] : [{ status, message: messages[index] }]));
  expect(failed).toEqual([{ status: 500, message: 'poison' }]);
  const [row] =
    await service.sql`select count(*)::int as n from execution where parameters->>'message' like 'beside %'`;
  expect(row).toMatchObject({ n: 19 });
});

test('what is already given up when its turn comes is not sent', async () => {
  const held = await service.sql.reserve();
  await held`begin`;
  await held`lock table execution_event`;
  // As many as may be under way wait for the lock; the rest waits for them.
  const waiting = Array.from({ length: 8 }, (_, index) => notify(`late ${index}`));

  const answers = await Promise.all(waiting);
  await held`rollback`;
  held.release();

  expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 503));
  await notify('afterwards');
  const rows = await service.sql`select id from execution where parameters->>'message' like 'late %'`;
  expect(rows.length).toBeLessThanOrEqual(4);
}, 40_000);
