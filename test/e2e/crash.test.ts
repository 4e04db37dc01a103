import { afterAll, beforeAll, expect, test } from 'vitest';
import type { ConnectedCluster } from '../../src/platform/kubernetes-connection.ts';
import { auditFromNow } from '../support/audit.ts';
import { connectTestClient, createDeployment, createNamespace, ensureNodes, eventually } from '../support/cluster.ts';
import { startProcess } from '../support/process.ts';
import { startService } from '../support/service.ts';

let cluster: ConnectedCluster;
let namespace: string;

beforeAll(async () => {
  cluster = await connectTestClient();
  await ensureNodes(cluster, ['node-1', 'node-2', 'node-3']);
  namespace = await createNamespace(cluster, 'crash');
});

afterAll(async () => {
  await cluster.delete({ apiVersion: 'v1', kind: 'Namespace', name: namespace });
  await cluster.close();
});

async function post(url: string, body: unknown): Promise<Response> {
  return await fetch(`${url}/api/v1/execute`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
}

test('a replica killed while it waits for the rollout: another settles the run from the cluster, and frees target and slot', async () => {
  await createDeployment(
    cluster,
    { namespace, name: 'orphan', replicas: 0, podAnnotations: { 'test/ready-after': '3s' } },
    { ready: false },
  );
  const service = await startService({ env: { EXECUTOR_ACTIONS_LEASE: '2s' } });
  const victim = await startProcess(service.databaseUrl, { EXECUTOR_ACTIONS_LEASE: '2s' });
  const audit = await auditFromNow();
  const body = {
    action_id: 'crash-1',
    action: 'scale_deployment',
    parameters: { namespace, resource_name: 'orphan', replicas: 1 },
  };

  const cut = post(victim.url, body).catch(() => undefined);
  await eventually(async () => expect(await audit.writes({ namespace, name: 'orphan' })).toHaveLength(1));
  await victim.kill();
  await cut;
  const held = await service.execute('restart_deployment', { namespace, resource_name: 'orphan' });
  const settled = await eventually(async () => {
    await service.tick();
    const { body: execution } = await service.get('/api/v1/status/crash-1');
    expect(execution.status).toBe('completed');
    return execution;
  });

  expect(held.status).toBe(409);
  expect(held.body).toMatchObject({ code: 'target_busy', holder: { action_id: 'crash-1' } });
  expect(settled).toMatchObject({
    success: true,
    changed: true,
    settled: { from: 'the cluster' },
    undo: { available: true },
  });
  expect(await audit.writes({ namespace, name: 'orphan' })).toEqual(['patch deployments/scale 200']);
  expect(await service.sql`select key from target_lock`).toEqual([]);
  expect(await service.sql`select id from slot where execution_id is not null`).toEqual([]);
  const replay = await service.post('/api/v1/execute', body);
  expect(replay.headers.get('idempotent-replayed')).toBe('true');
  await service.close();
});

test('a replica that lost its lease can not write the outcome, nor begin another change', async () => {
  await createDeployment(
    cluster,
    { namespace, name: 'fenced', replicas: 0, podAnnotations: { 'test/ready-after': '4s' } },
    { ready: false },
  );
  const service = await startService({ env: { EXECUTOR_ACTIONS_LEASE: '1s' } });
  const sleeper = await startProcess(service.databaseUrl, { EXECUTOR_ACTIONS_LEASE: '1s' });
  const body = {
    action_id: 'fence-1',
    action: 'scale_deployment',
    parameters: { namespace, resource_name: 'fenced', replicas: 1 },
  };

  const answer = post(sleeper.url, body);
  await eventually(async () => expect((await service.get('/api/v1/status/fence-1')).body.changes?.length).toBe(1));
  await new Promise((resolve) => setTimeout(resolve, 300));
  sleeper.process.kill('SIGSTOP');
  const settled = await eventually(async () => {
    await service.tick();
    const { body: execution } = await service.get('/api/v1/status/fence-1');
    expect(execution.status, JSON.stringify(execution.expectations)).toMatch(/^(completed|failed)$/);
    return execution;
  });
  sleeper.process.kill('SIGCONT');
  const woken = await answer;
  await new Promise((resolve) => setTimeout(resolve, 500));
  const after = await service.get('/api/v1/status/fence-1');

  expect(settled.settled).not.toBeNull();
  expect(after.body).toEqual(settled);
  expect([200, 202]).toContain(woken.status);
  await sleeper.kill();
  await service.close();
});

test('SIGTERM: the replica is not ready any more, refuses new runs, ends those under way, and exits cleanly', async () => {
  await createDeployment(
    cluster,
    { namespace, name: 'graceful', replicas: 0, podAnnotations: { 'test/ready-after': '2s' } },
    { ready: false },
  );
  const service = await startService();
  const replica = await startProcess(service.databaseUrl);
  const parameters = { namespace, resource_name: 'graceful', replicas: 1 };

  const underWay = post(replica.url, { action: 'scale_deployment', parameters });
  await eventually(async () =>
    expect(await service.sql`select id from execution where status = 'running'`).toHaveLength(1),
  );
  const exit = replica.stop();
  await eventually(async () => expect((await fetch(`${replica.url}/readyz`)).status).toBe(503));
  const refused = await post(replica.url, { action: 'scale_deployment', parameters });

  expect(refused.status).toBe(503);
  expect((await (await underWay).json()) as unknown).toMatchObject({ status: 'completed', changed: true });
  expect(await exit).toBe(0);
  await service.close();
});
