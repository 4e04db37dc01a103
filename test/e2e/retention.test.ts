import { afterAll, beforeAll, expect, test } from 'vitest';
import { prune } from '../../src/database/prune.ts';
import { type Service, startService } from '../support/service.ts';

let service: Service;

beforeAll(async () => {
  service = await startService();
});

afterAll(async () => {
  await service.close();
});

const day = 24 * 60 * 60 * 1000;

test('keys are let go after their time, executions after theirs, with their events; younger ones stay', async () => {
  for (const key of ['young', 'keyed', 'old']) {
    await service.post(
      '/api/v1/execute',
      { action: 'notify_only', parameters: { message: key } },
      { 'idempotency-key': key },
    );
  }
  await service.sql`update execution set finished_at = now() - interval '2 days' where idempotency_key = 'keyed'`;
  await service.sql`update execution set finished_at = now() - interval '91 days' where idempotency_key = 'old'`;
  const { database } = service.runtime.executor;

  // The first pass takes the old key off, the second the row that it held.
  await prune(database, { historyMs: 90 * day, idempotencyMs: day });
  await prune(database, { historyMs: 90 * day, idempotencyMs: day });

  const rows =
    await service.sql`select idempotency_key, parameters->>'message' as message from execution order by message`;
  expect(rows.map(({ idempotency_key, message }) => [message, idempotency_key])).toEqual([
    ['keyed', null],
    ['young', 'young'],
  ]);
  expect(
    await service.sql`select id from execution_event e where not exists (select from execution x where x.id = e.execution_id)`,
  ).toEqual([]);
  const again = await service.post(
    '/api/v1/execute',
    { action: 'notify_only', parameters: { message: 'another' } },
    { 'idempotency-key': 'keyed' },
  );
  expect(again.status).toBe(200);
});
