import { afterAll, beforeAll, expect, test } from 'vitest';
import type { ConnectedCluster } from '../../src/platform/kubernetes-connection.ts';
import { auditFromNow } from '../support/audit.ts';
import { connectTestClient, createDeployment, createNamespace, ensureNodes, eventually } from '../support/cluster.ts';
import { type Answer, startService } from '../support/service.ts';

let cluster: ConnectedCluster;
let namespace: string;

beforeAll(async () => {
  cluster = await connectTestClient();
  await ensureNodes(cluster, ['node-1', 'node-2', 'node-3']);
  namespace = await createNamespace(cluster, 'admit');
});

afterAll(async () => {
  await cluster.delete({ apiVersion: 'v1', kind: 'Namespace', name: namespace });
  await cluster.close();
});

const scale = (name: string, replicas: number) => ({ namespace, resource_name: name, replicas });

function statuses(answers: readonly Answer[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { status } of answers) counts[status] = (counts[status] ?? 0) + 1;
  return counts;
}

test('50 parallel identical posts through 3 replicas: one row, one mutation', async () => {
  await createDeployment(cluster, { namespace, name: 'idem', replicas: 1 });
  const service = await startService();
  const replicas = [service, await service.replica(), await service.replica()];
  const audit = await auditFromNow();

  const answers = await Promise.all(
    Array.from({ length: 50 }, (_, index) =>
      (replicas[index % 3] ?? service).execute('scale_deployment', scale('idem', 2), { action_id: 'wf-1-action-1' }),
    ),
  );

  expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200, 202]));
  for (const { status, headers, body } of answers) {
    expect(body.action_id).toBe('wf-1-action-1');
    if (status === 202) expect(headers.get('location')).toBe('/api/v1/status/wf-1-action-1');
  }
  expect(await audit.writes({ namespace, name: 'idem' })).toEqual(['patch deployments/scale 200']);
  expect(await service.sql`select id from execution`).toHaveLength(1);
  await service.close();
});

test('the same key answers the same again, on another replica and after a restart; another body is refused', async () => {
  await createDeployment(cluster, { namespace, name: 'replay', replicas: 1 });
  const service = await startService();
  const key = { 'idempotency-key': 'key-1' };
  const body = { action: 'scale_deployment', parameters: scale('replay', 2) };

  const first = await service.post('/api/v1/execute', body, key);
  const audit = await auditFromNow();
  const restarted = await service.replica();
  const again = await restarted.post('/api/v1/execute', body, key);
  const other = await restarted.post('/api/v1/execute', { ...body, parameters: scale('replay', 3) }, key);

  expect(first.headers.get('idempotent-replayed')).toBeNull();
  expect(again.status).toBe(200);
  expect(again.headers.get('idempotent-replayed')).toBe('true');
  expect(again.body).toEqual(first.body);
  expect(other.status).toBe(422);
  expect(other.body).toMatchObject({ code: 'validation_failed', action_id: first.body.action_id });
  expect(await audit.writes({ namespace })).toEqual([]);
  await service.close();
});

test('20 parallel different actions on one Deployment through 3 replicas never overlap; the losers learn who holds it', async () => {
  await createDeployment(cluster, { namespace, name: 'busy', replicas: 2 });
  const service = await startService();
  const replicas = [service, await service.replica(), await service.replica()];

  const answers = await Promise.all(
    Array.from({ length: 20 }, (_, index) => {
      const replica = replicas[index % 3] ?? service;
      if (index % 4 === 0) return replica.execute('restart_deployment', { namespace, resource_name: 'busy' });
      if (index % 4 === 1)
        return replica.execute('restart_pod', { namespace, resource_type: 'deployment', resource_name: 'busy' });
      return replica.execute('scale_deployment', scale('busy', 1 + index));
    }),
  );

  const refused = answers.filter(({ status }) => status === 409);
  const ran = answers.filter(({ status }) => status === 200);
  expect(ran.length).toBeGreaterThan(0);
  const busy = refused.filter(({ body }) => body.code === 'target_busy');
  expect(busy.length).toBeGreaterThan(0);
  for (const { body } of busy) {
    expect(body.holder).toMatchObject({ action_id: expect.any(String), action: expect.any(String) });
    expect(body.detail).toContain(body.holder.action_id);
  }
  // Never two at once: by the database's clock, each run began after the one before had ended.
  const rows = await service.sql<{ started_at: Date; finished_at: Date }[]>`
    select started_at, finished_at from execution where changed order by started_at`;
  for (const [index, row] of rows.entries()) {
    const before = rows[index - 1];
    if (before) expect(row.started_at.getTime()).toBeGreaterThanOrEqual(before.finished_at.getTime());
  }
  expect(await service.sql`select key from target_lock`).toEqual([]);
  await service.close();
});

test("a pod's action holds the pod's owner", async () => {
  await createDeployment(cluster, {
    namespace,
    name: 'owned',
    replicas: 1,
    podAnnotations: { 'test/terminate-after': '2s' },
  });
  const { items } = await cluster.list({ apiVersion: 'v1', kind: 'Pod', namespace, labelSelector: 'app=owned' });
  const service = await startService();

  const restart = service.execute('restart_pod', { namespace, resource_name: items[0]?.metadata.name });
  await eventually(async () =>
    expect(await service.sql`select id from execution where status = 'running'`).toHaveLength(1),
  );
  const refused = await service.execute('scale_deployment', scale('owned', 2));

  expect(refused.status).toBe(409);
  expect(refused.body).toMatchObject({ code: 'target_busy', holder: { action: 'restart_pod' } });
  expect((await restart).body).toMatchObject({ status: 'completed', changed: true });
  await service.close();
});

test('eleven runs with max_concurrent 10: never more than ten; the eleventh waits, then is told to come back', async () => {
  const names = Array.from({ length: 11 }, (_, index) => `slot-${index}`);
  for (const name of names) {
    await createDeployment(
      cluster,
      { namespace, name, replicas: 0, podAnnotations: { 'test/ready-after': '3s' } },
      { ready: false },
    );
  }
  const service = await startService({
    env: { EXECUTOR_ACTIONS_WAIT_FOR_SLOT: '500ms', EXECUTOR_ACTIONS_MAX_CONCURRENT: '10' },
  });
  const other = await service.replica();

  const runs = names.map((name, index) => (index % 2 ? other : service).execute('scale_deployment', scale(name, 1)));
  const answers = await Promise.all(runs);

  expect(statuses(answers)).toEqual({ 200: 10, 429: 1 });
  const refused = answers.find(({ status }) => status === 429);
  expect(refused?.body).toMatchObject({ code: 'capacity_exhausted', retry_at: expect.any(String) });
  expect(refused?.headers.get('retry-after')).toMatch(/^\d+$/);
  // At the moment that each run began, by the database's clock, at most ten were under way.
  const [most] = await service.sql<{ most: number }[]>`
    select max(together)::int as most from (
      select (select count(*) from execution b where b.started_at <= a.started_at and b.finished_at > a.started_at) as together from execution a) t`;
  expect(most?.most).toBe(10);
  expect(await service.sql`select id from slot where execution_id is not null`).toEqual([]);
  await service.close();
});

test('a waiting request takes the slot that becomes free', async () => {
  for (const name of ['wait-a', 'wait-b'])
    await createDeployment(cluster, { namespace, name, replicas: 0 }, { ready: false });
  const service = await startService({ env: { EXECUTOR_ACTIONS_MAX_CONCURRENT: '1' } });

  const answers = await Promise.all(
    ['wait-a', 'wait-b'].map((name) => service.execute('scale_deployment', scale(name, 1))),
  );

  expect(statuses(answers)).toEqual({ 200: 2 });
  await service.close();
});

test('a target cools down after what took effect, by class of action; not after a dry run, a refusal or a no-op', async () => {
  await createDeployment(cluster, { namespace, name: 'cool', replicas: 1 });
  const service = await startService({ env: { EXECUTOR_ACTIONS_COOLDOWN_PERIOD: '5m' } });
  const other = await service.replica();

  const dry = await service.execute('scale_deployment', scale('cool', 2), { dry_run: true });
  const refused = await service.execute('scale_deployment', { ...scale('cool', 2), bogus: 1 });
  const noOp = await service.execute('scale_deployment', scale('cool', 1));
  const first = await service.execute('scale_deployment', scale('cool', 2));
  const second = await other.execute('scale_deployment', scale('cool', 3));
  const sameAgain = await other.execute('scale_deployment', scale('cool', 2));
  const restart = await other.execute('restart_deployment', { namespace, resource_name: 'cool' });
  const undo = await other.post(first.body.links.rollback);

  expect([dry.status, refused.status, noOp.status, first.status]).toEqual([200, 422, 200, 200]);
  expect(first.body.changed).toBe(true);
  expect(second.status).toBe(429);
  expect(second.body).toMatchObject({ code: 'cooldown_active', retry_at: expect.any(String) });
  expect(Number(second.headers.get('retry-after'))).toBeGreaterThan(290);
  expect(sameAgain.body).toMatchObject({ status: 'completed', changed: false });
  expect(restart.body).toMatchObject({ status: 'completed', changed: true });
  expect(undo.body).toMatchObject({ status: 'completed', changed: true });
  await service.close();
});

test('a failure before the first write gives the cooldown back', async () => {
  await createDeployment(cluster, { namespace, name: 'early', replicas: 1 });
  const service = await startService({ env: { EXECUTOR_ACTIONS_COOLDOWN_PERIOD: '5m' } });
  const failing = await service.replica({
    faults: (send) => async (url, init) => {
      if (init.method === 'PATCH')
        throw new TypeError('fetch failed', { cause: Object.assign(new Error('refused'), { code: 'ECONNREFUSED' }) });
      return await send(url, init);
    },
  });

  const failed = await failing.execute('scale_deployment', scale('early', 2), { timeout: '2s' });
  const next = await service.execute('scale_deployment', scale('early', 2));

  expect(failed.body).toMatchObject({ status: 'timed_out', changed: false });
  expect(next.body).toMatchObject({ status: 'completed', changed: true });
  await service.close();
});
