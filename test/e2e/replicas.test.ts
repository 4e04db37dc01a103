import { pathToFileURL } from 'node:url';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import type { ConnectedCluster } from '../../src/platform/kubernetes-connection.ts';
import { auditFromNow } from '../support/audit.ts';
import { connectTestClient, createDeployment, createNamespace, ensureNodes, eventually } from '../support/cluster.ts';
import { type ReplicaProcess, startProcess } from '../support/process.ts';
import { type Answer, type Service, startService } from '../support/service.ts';

const later = { prefer: 'respond-async' };
const hourMs = 3_600_000;
const clockAhead = pathToFileURL('test/support/clock-ahead.mjs').href;

let cluster: ConnectedCluster;
let namespace: string;
let service: Service;
const processes: ReplicaProcess[] = [];

beforeAll(async () => {
  cluster = await connectTestClient();
  await ensureNodes(cluster, ['node-1', 'node-2', 'node-3']);
  namespace = await createNamespace(cluster, 'replicas');
});

afterEach(async () => {
  for (const process of processes.splice(0)) await process.stop();
  await service.close();
});

afterAll(async () => {
  await cluster.delete({ apiVersion: 'v1', kind: 'Namespace', name: namespace });
  await cluster.close();
});

async function started(env: Record<string, string> = {}): Promise<ReplicaProcess> {
  const process = await startProcess(service.databaseUrl, env);
  processes.push(process);
  return process;
}

/** A process whose own clock is an hour ahead, or behind. */
function startedAt(aheadMs: number, env: Record<string, string> = {}): Promise<ReplicaProcess> {
  return started({ ...env, NODE_OPTIONS: `--import ${clockAhead}`, CLOCK_AHEAD_MS: String(aheadMs) });
}

async function post(
  { url }: ReplicaProcess,
  body: unknown,
  headers: Record<string, string> = {},
): Promise<{ status: number; body: Answer['body'] }> {
  const answer = await fetch(`${url}/api/v1/execute`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
  });
  return { status: answer.status, body: await answer.json() };
}

async function statusOf(id: string): Promise<Answer['body']> {
  const { body } = await service.get(`/api/v1/status/${id}`);
  return body;
}

async function untilOver(id: string): Promise<Answer['body']> {
  return await eventually(async () => {
    const execution = await statusOf(id);
    expect(execution.finished_at, JSON.stringify(execution)).not.toBeNull();
    return execution;
  });
}

/** How long each of some runs, asked for of a replica without a loop, waited in the queue. */
async function waitsMs(count: number): Promise<number[]> {
  const waits = [];
  for (let n = 0; n < count; n += 1) {
    const { body } = await service.post(
      '/api/v1/execute',
      { action: 'notify_only', parameters: { message: `${n}` } },
      later,
    );
    const { created_at, started_at } = await untilOver(body.action_id);
    waits.push(Date.parse(started_at) - Date.parse(created_at));
  }
  return waits;
}

test.each([
  ['hears of it (NOTIFY)', 'false'],
  ['looks by itself, behind a pooler', 'true'],
])('what one replica has queued another starts: it %s', { timeout: 60_000 }, async (_, pooled) => {
  service = await startService();
  await started({ DATABASE_URL: service.databaseUrl, EXECUTOR_DATABASE_POOLED: pooled });

  const waits = await waitsMs(9);

  console.log(`pooled ${pooled}: waited ${waits.join(', ')} ms`);
  const listeners = await service.sql`
    select 1 from pg_stat_activity where datname = current_database() and query ilike 'listen%'`;
  expect(listeners).toHaveLength(pooled === 'true' ? 0 : 1);
});

test(
  "replicas an hour apart: the times are the database's, cooldown, lease, not_before and deadline too",
  { timeout: 60_000 },
  async () => {
    service = await startService();
    const env = { EXECUTOR_ACTIONS_COOLDOWN_PERIOD: '60s', EXECUTOR_ACTIONS_LEASE: '3s' };
    const ahead = await startedAt(hourMs, env);
    const behind = await startedAt(-hourMs, env);
    await createDeployment(cluster, {
      namespace,
      name: 'hours',
      replicas: 1,
      podAnnotations: { 'test/ready-after': '1s' },
    });
    const target = { namespace, resource_name: 'hours' };
    const audit = await auditFromNow();

    const scaled = await post(ahead, {
      action: 'scale_deployment',
      parameters: { ...target, replicas: 2 },
      timeout: '10s',
    });
    const cooling = await post(behind, { action: 'scale_deployment', parameters: { ...target, replicas: 3 } });
    const restarted = await post(behind, { action: 'restart_deployment', parameters: target, timeout: '10s' });
    const soon = new Date(Date.now() + 1_500).toISOString();
    const notYet = [];
    for (const replica of [ahead, behind])
      notYet.push(await post(replica, { action: 'notify_only', parameters: { message: 'hi' }, not_before: soon }));
    const queued = await Promise.all(notYet.map(({ body }) => statusOf(body.action_id)));
    const done = await Promise.all(notYet.map(({ body }) => untilOver(body.action_id)));

    const near = (time: string) => Math.abs(Date.parse(time) - Date.now());
    for (const { body } of [scaled, restarted]) {
      expect(body, JSON.stringify(body)).toMatchObject({ status: 'completed', success: true });
      for (const time of [body.created_at, body.started_at, body.finished_at]) expect(near(time)).toBeLessThan(60_000);
      expect(Date.parse(body.deadline) - Date.parse(body.started_at)).toBe(10_000);
      expect(body.settled).toBeNull();
    }
    expect(cooling).toMatchObject({ status: 429, body: { code: 'cooldown_active' } });
    expect(Date.parse(cooling.body.retry_at) - Date.parse(scaled.body.finished_at)).toBe(60_000);
    for (const { status, not_before } of queued)
      expect({ status, not_before }).toEqual({ status: 'queued', not_before: soon });
    for (const { status, started_at } of done) {
      expect(status).toBe('completed');
      expect(Date.parse(started_at)).toBeGreaterThanOrEqual(Date.parse(soon));
    }
    expect(await audit.writes({ namespace, name: 'hours', userAgent: 'executor-service' })).toEqual([
      'patch deployments/scale 200',
      'patch deployments 200',
    ]);
  },
);

test(
  'on SIGTERM a run that does not end in time is handed over, and settled by another at once, not when its lease is over',
  { timeout: 60_000 },
  async () => {
    service = await startService();
    // The lease is far longer than the test.
    const env = { EXECUTOR_ACTIONS_LEASE: '120s', EXECUTOR_ACTIONS_SHUTDOWN_TIMEOUT: '1s' };
    const stopped = await started(env);
    await started(env);
    await createDeployment(
      cluster,
      { namespace, name: 'handed', replicas: 0, podAnnotations: { 'test/ready-after': '8s' } },
      { ready: false },
    );
    const audit = await auditFromNow();

    const cut = post(stopped, {
      action_id: 'handed-1',
      action: 'scale_deployment',
      parameters: { namespace, resource_name: 'handed', replicas: 1 },
    });
    await eventually(async () =>
      expect(await audit.writes({ namespace, name: 'handed', userAgent: 'executor-service' })).toContain(
        'patch deployments/scale 200',
      ),
    );
    const code = await stopped.stop();
    const answer = await cut;
    const settled = await untilOver('handed-1');

    expect(code).toBe(0);
    expect(answer).toMatchObject({ status: 202, body: { action_id: 'handed-1' } });
    expect(settled, JSON.stringify(settled)).toMatchObject({
      status: 'completed',
      success: true,
      changed: true,
      settled: { handed_over_by: expect.any(String), from: 'the cluster' },
    });
    expect(settled.settled.by).not.toBe(settled.settled.handed_over_by);
    // Its controller may have written to the new Deployment in between; that attempt has changed nothing.
    const writes = await audit.writes({ namespace, name: 'handed', userAgent: 'executor-service' });
    expect(writes.filter((write) => !write.endsWith(' 409'))).toEqual(['patch deployments/scale 200']);
    expect(await service.sql`select key from target_lock`).toEqual([]);
    expect(await service.sql`select id from slot where execution_id is not null`).toEqual([]);
  },
);

test('a replica that stops leaves the queue to the others', { timeout: 60_000 }, async () => {
  service = await startService();
  const stopping = await started();
  expect(await stopping.stop()).toBe(0);

  const { body } = await service.post(
    '/api/v1/execute',
    { action: 'notify_only', parameters: { message: 'x' } },
    later,
  );
  const waiting = await statusOf(body.action_id);
  await started();
  const done = await untilOver(body.action_id);

  expect(waiting).toMatchObject({ status: 'queued' });
  expect(done).toMatchObject({ status: 'completed' });
});
