import { afterAll, beforeAll, expect, test } from 'vitest';
import type { ConnectedCluster } from '../../../src/platform/kubernetes-connection.ts';
import { auditFromNow } from '../../support/audit.ts';
import { connectTestClient, createDeployment, createNamespace, ensureNodes } from '../../support/cluster.ts';
import { type Answer, type Replica, type Service, startService } from '../../support/service.ts';

let cluster: ConnectedCluster;
const namespaces: string[] = [];

beforeAll(async () => {
  cluster = await connectTestClient();
  await ensureNodes(cluster, ['node-1', 'node-2']);
});

afterAll(async () => {
  for (const name of namespaces) await cluster.delete({ apiVersion: 'v1', kind: 'Namespace', name });
  await cluster.close();
});

/** A namespace with Deployments of those names, and a service for which so much is allowed. */
async function shop(names: string[], limits: Record<string, string>): Promise<{ namespace: string; service: Service }> {
  const namespace = await createNamespace(cluster, 'radius');
  namespaces.push(namespace);
  for (const name of names) await createDeployment(cluster, { namespace, name, replicas: 0 });
  const env = Object.entries(limits).map(([key, value]) => [`EXECUTOR_SAFETY_RULES_BLAST_RADIUS_${key}`, value]);
  const service = await startService({
    env: { EXECUTOR_SAFETY_RULES_BLAST_RADIUS_VERDICT: 'deny', ...Object.fromEntries(env) },
  });
  return { namespace, service };
}

const scale = (by: Replica, namespace: string, name: string, replicas: number, more: Record<string, unknown> = {}) =>
  by.execute('scale_deployment', { namespace, resource_name: name, replicas }, more);

function expectCompleted(answer: Answer): Answer {
  expect(answer.body, JSON.stringify(answer.body)).toMatchObject({ status: 'completed' });
  return answer;
}

test('so many targets of a namespace pass within the window; the same ones again, and another namespace, are no more', async () => {
  const { namespace, service } = await shop(['a', 'b', 'c'], { TARGETS_PER_NAMESPACE: '2', WINDOW: '20m' });
  const other = await createNamespace(cluster, 'radius');
  namespaces.push(other);
  await createDeployment(cluster, { namespace: other, name: 'c', replicas: 0 });
  const audit = await auditFromNow();

  const first = expectCompleted(await scale(service, namespace, 'a', 1));
  expectCompleted(await scale(service, namespace, 'b', 1));
  const refused = await scale(service, namespace, 'c', 1);
  const again = expectCompleted(await scale(service, namespace, 'b', 2));
  expectCompleted(await scale(service, other, 'c', 1));
  expectCompleted(await scale(service, namespace, 'c', 1, { dry_run: true }));
  expectCompleted(await scale(service, namespace, 'c', 0));

  expect(refused.status).toBe(409);
  expect(refused.body).toMatchObject({
    code: 'blast_radius_exceeded',
    detail: `2 targets in ${namespace} have been changed within 20m, and 2 may be: Deployment ${namespace}/c would be one more`,
    retry_at: new Date(Date.parse(first.body.finished_at) + 20 * 60_000).toISOString(),
  });
  expect(again.body.changed).toBe(true);
  expect(await audit.writes({ namespace, name: 'c' })).toEqual([]);
  expect(await service.sql`select key from target_lock`).toEqual([]);
  expect(await service.sql`select id from slot where execution_id is not null`).toEqual([]);

  await service.sql`update execution set finished_at = finished_at - interval '20 minutes' where name = 'a'`;
  expectCompleted(await scale(service, namespace, 'c', 1));
  await service.close();
});

test('the whole cluster has its limit', async () => {
  const { namespace, service } = await shop(['a', 'b'], { TARGETS_PER_CLUSTER: '1' });
  const elsewhere = await createNamespace(cluster, 'radius');
  namespaces.push(elsewhere);
  await createDeployment(cluster, { namespace: elsewhere, name: 'a', replicas: 0 });
  expectCompleted(await scale(service, namespace, 'a', 1));

  expect((await scale(service, elsewhere, 'a', 1)).body).toMatchObject({
    code: 'blast_radius_exceeded',
    detail: expect.stringContaining('1 targets in the cluster'),
  });
  const asked = await service.replica({ env: { EXECUTOR_SAFETY_RULES_BLAST_RADIUS_VERDICT: 'ask' } });
  expect((await scale(asked, namespace, 'b', 1)).body).toMatchObject({
    status: 'pending_approval',
    message: expect.stringMatching(/^Waits for somebody to agree: 1 targets in the cluster/),
  });
  const off = await service.replica({ env: { EXECUTOR_SAFETY_RULES_BLAST_RADIUS_VERDICT: 'off' } });
  expectCompleted(await scale(off, namespace, 'b', 1));
  await service.close();
});

test.each([1, 3])('of ten at once through two replicas %i pass, each time', async (room) => {
  const names = Array.from({ length: 10 }, (_, index) => `race-${index}`);
  const { namespace, service } = await shop(names, { TARGETS_PER_NAMESPACE: String(room) });
  const replicas = [service, await service.replica()];

  for (let round = 1; round <= 5; round += 1) {
    await service.sql`update execution set finished_at = finished_at - interval '1 hour'`;

    const answers = await Promise.all(
      names.map(async (name, index) => await scale(replicas[index % 2] ?? service, namespace, name, round)),
    );

    const told = JSON.stringify(answers.map(({ body }) => body.code ?? body.status));
    expect(answers.filter(({ status }) => status === 200).length, told).toBe(room);
    expect(answers.filter(({ body }) => body.code === 'blast_radius_exceeded').length, told).toBe(10 - room);
  }
  await service.close();
});

test('a run that has changed nothing gives its room back', async () => {
  const { namespace, service } = await shop(['a', 'b'], { TARGETS_PER_NAMESPACE: '1' });
  const denied = await service.replica({
    faults: (send) => async (url, init) =>
      init.method === 'PATCH'
        ? Response.json({ kind: 'Status', code: 403, reason: 'Forbidden' }, { status: 403 })
        : await send(url, init),
  });
  const failed = await scale(denied, namespace, 'a', 1);
  expect(failed.body, JSON.stringify(failed.body)).toMatchObject({ status: 'failed', changed: false });

  expectCompleted(await scale(service, namespace, 'b', 1));
  await service.close();
});
