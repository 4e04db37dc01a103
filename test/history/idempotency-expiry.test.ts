import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { expectProblem } from '../http/expect-problem.ts';
import { type Answer, type Replica, type Service, startService } from '../support/service.ts';

let service: Service;
let other: Replica;

beforeAll(async () => {
  service = await startService({ env: { EXECUTOR_DATABASE_IDEMPOTENCY: '1h' } });
  other = await service.replica();
});

afterAll(async () => {
  await service.close();
});

const note = (replica: Replica, key: string, message: string): Promise<Answer> =>
  replica.post('/api/v1/execute', { action: 'notify_only', parameters: { message } }, { 'idempotency-key': key });
const named = (replica: Replica, id: string, message: string): Promise<Answer> =>
  replica.execute('notify_only', { message }, { action_id: id });
/** As if it had ended so long ago: nothing is pruned. */
const ended = (id: string, ago: string) =>
  service.sql`update execution set finished_at = now() - ${ago}::interval where id = ${id}`;
const isReplay = ({ headers }: Answer): boolean => headers.get('idempotent-replayed') === 'true';

describe('a key', () => {
  test('counts until its time is over by the database, pruned or not; then the same request is a new one', async () => {
    const first = await note(service, 'k-1', 'hello');
    await ended(first.body.action_id, '59 minutes 50 seconds');
    const before = await note(other, 'k-1', 'hello');
    await ended(first.body.action_id, '60 minutes 1 second');

    const after = await note(other, 'k-1', 'hello');
    const again = await note(service, 'k-1', 'hello');

    expect(before.body.action_id).toBe(first.body.action_id);
    expect(isReplay(before)).toBe(true);
    expect(after.body.action_id).not.toBe(first.body.action_id);
    expect(isReplay(after)).toBe(false);
    expect(again.body.action_id).toBe(after.body.action_id);
    expect(isReplay(again)).toBe(true);
    expect((await service.get(`/api/v1/status/${first.body.action_id}`)).status).toBe(200);
  });

  test('that is over takes another body as well', async () => {
    const first = await note(service, 'k-2', 'hello');
    const tooSoon = await note(other, 'k-2', 'something else');
    await ended(first.body.action_id, '2 hours');

    const second = await note(other, 'k-2', 'something else');

    expectProblem(tooSoon, { status: 422, code: 'validation_failed' });
    expect(second.status).toBe(200);
    expect(second.body.parameters).toEqual({ message: 'something else' });
  });

  test('holds over a restart of the replica that was asked first', async () => {
    const short = await service.replica();
    const first = await note(short, 'k-3', 'hello');
    short.stop();
    const restarted = await service.replica();

    const again = await note(restarted, 'k-3', 'hello');

    expect(again.body.action_id).toBe(first.body.action_id);
    expect(isReplay(again)).toBe(true);
  });

  test('that is over, sent fifty times at once to two replicas, begins one execution', async () => {
    const first = await note(service, 'k-4', 'hello');
    await ended(first.body.action_id, '2 hours');

    const answers = await Promise.all(
      Array.from({ length: 50 }, (_, index) => note(index % 2 ? other : service, 'k-4', 'hello')),
    );

    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
    const ids = new Set(answers.map(({ body }) => body.action_id));
    expect(ids.size).toBe(1);
    expect(ids).not.toContain(first.body.action_id);
    expect(answers.filter((answer) => !isReplay(answer))).toHaveLength(1);
    expect(
      await service.sql`select id from execution where parameters->>'message' = 'hello' and id = any (${[...ids]})`,
    ).toHaveLength(1);
  });

  test('of a run that is not over does not expire', async () => {
    const first = await note(service, 'k-5', 'hello');
    await service.sql`update execution set status = 'running', finished_at = null, created_at = now() - interval '2 hours',
      lease_until = now() + interval '1 hour' where id = ${first.body.action_id}`;

    const again = await note(other, 'k-5', 'hello');

    expect(again.status).toBe(202);
    expect(again.body.action_id).toBe(first.body.action_id);
    await ended(first.body.action_id, '1 second');
  });
});

describe("a caller's action_id", () => {
  test('answers its execution for as long as that is kept, also when its time as a key is over', async () => {
    await named(service, 'wf-1', 'hello');
    await ended('wf-1', '2 hours');

    const again = await named(other, 'wf-1', 'hello');

    expect(again.status).toBe(200);
    expect(again.body.action_id).toBe('wf-1');
    expect(isReplay(again)).toBe(true);
  });

  test('with another body is refused, now and later, and the answer leads to the execution and out', async () => {
    await named(service, 'wf-2', 'hello');
    const now = await named(other, 'wf-2', 'something else');
    await ended('wf-2', '2 hours');

    const later = await named(other, 'wf-2', 'something else');

    for (const answer of [now, later]) {
      expectProblem(answer, { status: 422, code: 'validation_failed', pointers: ['/action_id'] });
      expect(answer.body.hint).toMatch(/new action_id.*\/api\/v1\/status\/wf-2/);
      expect(answer.body.action_id).toBe('wf-2');
    }
  });

  test('goes before a key that leads to another execution', async () => {
    await named(service, 'wf-3', 'hello');
    await note(service, 'k-6', 'other');

    const answer = await service.post(
      '/api/v1/execute',
      { action: 'notify_only', parameters: { message: 'hello' }, action_id: 'wf-3' },
      { 'idempotency-key': 'k-6' },
    );

    expect(answer.body.action_id).toBe('wf-3');
  });
});
