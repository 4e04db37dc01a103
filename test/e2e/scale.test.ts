import { afterAll, beforeAll, expect, test } from 'vitest';
import type { ConnectedCluster } from '../../src/platform/kubernetes-connection.ts';
import { auditFromNow, resourceOf } from '../support/audit.ts';
import { connectTestClient, createDeployment, createNamespace, ensureNodes } from '../support/cluster.ts';
import { type Service, startService } from '../support/service.ts';

let cluster: ConnectedCluster;
let service: Service;
let namespace: string;

beforeAll(async () => {
  cluster = await connectTestClient();
  await ensureNodes(cluster, ['node-1', 'node-2', 'node-3']);
  namespace = await createNamespace(cluster, 'scale');
  service = await startService();
});

afterAll(async () => {
  await service.close();
  await cluster.delete({ apiVersion: 'v1', kind: 'Namespace', name: namespace });
  await cluster.close();
});

async function replicasOf(name: string): Promise<unknown> {
  const { spec, status } = await cluster.get({ apiVersion: 'apps/v1', kind: 'Deployment', namespace, name });
  const { replicas } = spec as { replicas: number };
  const { readyReplicas = 0 } = (status ?? {}) as { readyReplicas?: number };
  return { replicas, readyReplicas };
}

test("the guide's request scales the Deployment, is verified, recorded, and can be rolled back", async () => {
  await createDeployment(cluster, { namespace, name: 'web-server', replicas: 2 });

  const answer = await service.post('/api/v1/execute', {
    action: { action: 'scale-deployment', parameters: { replicas: 3 }, priority: 1 },
    alert: { name: 'HighCPUUsage', severity: 'critical', namespace, resource: 'deployment/web-server' },
  });

  expect(answer.status).toBe(200);
  expect(answer.body).toMatchObject({
    success: true,
    status: 'completed',
    action: 'scale_deployment',
    changed: true,
    dry_run: false,
    target: { kind: 'Deployment', namespace, name: 'web-server' },
    undo: { available: true },
    priority: 1,
  });
  expect(answer.body.expectations.every(({ holds }: { holds: boolean }) => holds)).toBe(true);
  expect(await replicasOf('web-server')).toEqual({ replicas: 3, readyReplicas: 3 });

  const status = await service.get(answer.body.links.self);
  expect(status.body).toEqual(answer.body);

  const undone = await service.post(answer.body.links.rollback);
  expect(undone.body).toMatchObject({ success: true, changed: true, rollback_of: answer.body.action_id });
  expect(await replicasOf('web-server')).toEqual({ replicas: 2, readyReplicas: 2 });
  const original = await service.get(answer.body.links.self);
  expect(original.body).toMatchObject({
    status: 'rolled_back',
    rolled_back_by: undone.body.action_id,
    undo: { available: false },
  });

  const again = await service.post(answer.body.links.rollback);
  expect(again.status).toBe(409);
  expect(again.body.code).toBe('not_reversible');
});

test('the API server gets one GET and one PATCH of the scale subresource', async () => {
  await createDeployment(cluster, { namespace, name: 'counted', replicas: 1 });
  const audit = await auditFromNow();

  const answer = await service.execute('scale_deployment', { namespace, resource_name: 'counted', replicas: 2 });

  expect(answer.body.status).toBe('completed');
  const requests = await audit.requests({ namespace, name: 'counted' });
  const scale = requests.filter(({ objectRef }) => objectRef?.subresource === 'scale').map(({ verb }) => verb);
  expect(scale).toEqual(['get', 'patch']);
  expect(await audit.writes({ namespace })).toEqual(['patch deployments/scale 200']);
  expect(requests.map(({ verb, objectRef }) => `${verb} ${resourceOf(objectRef)}`)).toContain('get deployments');
});

test('a count that stands already is completed without a write', async () => {
  await createDeployment(cluster, { namespace, name: 'same', replicas: 1 });
  const audit = await auditFromNow();

  const answer = await service.execute('scale_deployment', { namespace, resource_name: 'same', replicas: '1' });

  expect(answer.body).toMatchObject({ status: 'completed', success: true, changed: false, undo: { available: false } });
  expect(answer.body.changes[0].status).toBe('skipped');
  expect(await audit.writes({ namespace })).toEqual([]);
});

test('a dry run is checked by the API server and changes nothing', async () => {
  await createDeployment(cluster, { namespace, name: 'dry', replicas: 1 });
  const before = await cluster.get({ apiVersion: 'apps/v1', kind: 'Deployment', namespace, name: 'dry' });
  const audit = await auditFromNow();

  const answer = await service.execute(
    'scale_deployment',
    { namespace, resource_name: 'dry', replicas: 4 },
    { dry_run: true },
  );

  expect(answer.body).toMatchObject({ status: 'completed', dry_run: true, changed: false });
  expect(answer.body.changes[0]).toMatchObject({
    status: 'pending',
    verified: true,
    before: { '/spec/replicas': 1 },
    after: { '/spec/replicas': 4 },
  });
  const after = await cluster.get({ apiVersion: 'apps/v1', kind: 'Deployment', namespace, name: 'dry' });
  expect(after.metadata.resourceVersion).toBe(before.metadata.resourceVersion);
  const requests = await audit.requests({ namespace, name: 'dry' });
  expect(
    requests.filter(({ verb }) => verb === 'patch').map(({ requestURI }) => requestURI.includes('dryRun=All')),
  ).toEqual([true]);
  expect(await service.sql`select key from target_lock`).toEqual([]);
  expect(await service.sql`select key from cooldown`).toEqual([]);
});

test('a rollout that does not come is not called a success', async () => {
  await createDeployment(cluster, { namespace, name: 'stuck', replicas: 1 });
  await createDeployment(cluster, {
    namespace,
    name: 'never',
    replicas: 0,
    podAnnotations: { 'test/never-ready': 'true' },
  });

  const answer = await service.execute(
    'scale_deployment',
    { namespace, resource_name: 'never', replicas: 1 },
    { timeout: '6s' },
  );

  expect(answer.status).toBe(200);
  expect(answer.body).toMatchObject({
    success: false,
    status: 'timed_out',
    changed: true,
    error: { code: 'timed_out' },
    undo: { available: true },
  });
  expect(answer.body.message).toContain('0 of 1');
  expect(answer.body.expectations.some(({ holds }: { holds: boolean }) => !holds)).toBe(true);
});

test('what was changed since is not overwritten by a rollback, unless forced', async () => {
  await createDeployment(cluster, { namespace, name: 'drifts', replicas: 1 });
  const answer = await service.execute('scale_deployment', { namespace, resource_name: 'drifts', replicas: 2 });
  await cluster.patch(
    { apiVersion: 'apps/v1', kind: 'Deployment', namespace, name: 'drifts' },
    { type: 'merge', body: { spec: { replicas: 4 } } },
  );

  const refused = await service.post(answer.body.links.rollback, {});
  const forced = await service.post(answer.body.links.rollback, { force: true });

  expect(refused.status).toBe(409);
  expect(refused.body).toMatchObject({ code: 'drift_detected' });
  expect(refused.body.detail).toContain('spec.replicas is 4, not 2');
  expect(forced.body).toMatchObject({ status: 'completed', changed: true });
  expect(await replicasOf('drifts')).toEqual({ replicas: 1, readyReplicas: 1 });
});
