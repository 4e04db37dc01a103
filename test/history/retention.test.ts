import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { generateHistory } from '../../bench/generate-history.ts';
import { prune } from '../../src/database/prune.ts';
import { tick } from '../../src/executor/loop.ts';
import { type Replica, type Service, startService } from '../support/service.ts';

let service: Service;

beforeAll(async () => {
  service = await startService();
});

beforeEach(async () => {
  await service.sql`truncate execution, execution_event, target_lock, cooldown, slot`;
});

afterAll(async () => {
  await service.close();
});

const day = 24 * 60 * 60 * 1000;
const kept = { historyMs: 90 * day, idempotencyMs: day };

const note = (message: string, headers: Record<string, string> = {}, of: Replica = service) =>
  of.post('/api/v1/execute', { action: 'notify_only', parameters: { message } }, headers);
const letGo = (replica: Replica = service) => tick(replica.runtime.executor, new AbortController().signal, true);
const messages = async () => {
  const rows = await service.sql`select parameters->>'message' as message from execution order by message`;
  return rows.map(({ message }) => message);
};
const orphanedEvents = () =>
  service.sql`select id from execution_event e where not exists (select from execution x where x.id = e.execution_id)`;

describe('executions', () => {
  test('are let go after their time, with their keys and events; younger ones stay', async () => {
    for (const key of ['young', 'old', 'keyless']) await note(key, key === 'keyless' ? {} : { 'idempotency-key': key });
    await service.sql`update execution set finished_at = now() - interval '89 days' where idempotency_key = 'young'`;
    await service.sql`update execution set finished_at = now() - interval '91 days'
      where idempotency_key = 'old' or idempotency_key is null`;

    await letGo();

    expect(await messages()).toEqual(['young']);
    expect(await orphanedEvents()).toEqual([]);
    const again = await note('another', { 'idempotency-key': 'old' });
    expect(again.status).toBe(200);
    expect(again.headers.get('idempotent-replayed')).toBeNull();
  });

  test('stay for as long as their keys count, however short the history is', async () => {
    await note('keyed', { 'idempotency-key': 'keyed' });
    await service.sql`update execution set finished_at = now() - interval '2 hours'`;

    await prune(service.runtime.executor.database, { historyMs: 60 * 60 * 1000, idempotencyMs: day });

    const again = await note('keyed', { 'idempotency-key': 'keyed' });
    expect(again.headers.get('idempotent-replayed')).toBe('true');
  });

  test.each(['pending_approval', 'queued', 'running', 'unknown'])(
    'stay while a %s rollback needs them',
    async (status) => {
      for (const message of ['original', 'other']) await note(message);
      const [original] = await service.sql`select id from execution where parameters->>'message' = 'original'`;
      const undo = await note('undo');
      await service.sql`update execution set status = ${status}, rollback_of = ${original?.id}, finished_at = null
      where id = ${undo.body.action_id}`;
      await service.sql`update execution set finished_at = now() - interval '91 days' where finished_at is not null`;

      await prune(service.runtime.executor.database, kept);
      const during = await messages();
      await service.sql`update execution set status = 'completed', finished_at = now() where id = ${undo.body.action_id}`;
      await prune(service.runtime.executor.database, kept);

      expect(during).toEqual(['original', 'undo']);
      expect(await messages()).toEqual(['undo']);
    },
  );

  test('are let go by several replicas at once, all of them and each once, while new ones are admitted', async () => {
    const replicas = [service, await service.replica(), await service.replica()];
    await generateHistory(service.sql, { count: 12_000, days: 10 });
    await service.sql`update execution set finished_at = finished_at - interval '91 days'`;

    const [admitted] = await Promise.all([
      Promise.all(Array.from({ length: 20 }, (_, index) => note(`new ${index}`, {}, replicas[index % 3]))),
      ...replicas.map((replica) => letGo(replica)),
    ]);

    expect(admitted.map(({ status }) => status)).toEqual(Array.from({ length: 20 }, () => 200));
    expect(await messages()).toHaveLength(20);
    expect(await orphanedEvents()).toEqual([]);
    expect(replicas.flatMap(({ logLines }) => logLines).filter((line) => line.includes('The loop failed'))).toEqual([]);
  });
});

describe('cooldowns', () => {
  test('that are over go; those that are not, or are of a run under way, stay', async () => {
    const [past, under, next] = await Promise.all(['past', 'under way', 'next'].map((message) => note(message)));
    await service.sql`update execution set status = 'running', finished_at = null, lease_until = now() + interval '1 hour'
      where id = ${under?.body.action_id}`;
    await service.sql`insert into cooldown (key, execution_id, until) values
      ('c/n/Pod/a#restart', ${past?.body.action_id}, now() - interval '1 second'),
      ('c/n/Pod/gone#restart', 'long gone', now() - interval '1 day'),
      ('c/n/Pod/b#restart', ${under?.body.action_id}, now() - interval '1 second'),
      ('c/n/Pod/c#restart', ${next?.body.action_id}, now() + interval '1 minute')`;

    await letGo();

    const rows = await service.sql`select key from cooldown order by key`;
    expect(rows.map(({ key }) => key)).toEqual(['c/n/Pod/b#restart', 'c/n/Pod/c#restart']);
  });
});

describe('what is held', () => {
  test('by a run that was taken out of the table is freed, and the log says so; what a run holds stays', async () => {
    const run = await note('run');
    await service.sql`update execution set status = 'running', finished_at = null, lease_until = now() + interval '1 hour'`;
    await service.sql`insert into target_lock (key, execution_id) values
      ('c/n/Deployment/held', ${run.body.action_id}), ('c/n/Deployment/left', 'long gone')`;
    await service.sql`delete from slot`;
    await service.sql`insert into slot (id, execution_id) values (1, ${run.body.action_id}), (2, 'long gone'), (3, null)`;

    await letGo();

    expect((await service.sql`select key from target_lock`).map(({ key }) => key)).toEqual(['c/n/Deployment/held']);
    const slots = await service.sql`select id, execution_id from slot order by id`;
    expect(slots.map(({ execution_id }) => execution_id)).toEqual([run.body.action_id, null, null]);
    expect(service.logLines.filter((line) => line.includes('c/n/Deployment/left'))).toHaveLength(1);
  });
});
