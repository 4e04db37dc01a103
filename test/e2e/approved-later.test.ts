import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { prune } from '../../src/database/prune.ts';
import type { ConnectedCluster } from '../../src/platform/kubernetes-connection.ts';
import { approverSettings, as, decideOn, pendingApproval } from '../support/approvers.ts';
import { auditFromNow } from '../support/audit.ts';
import { connectTestClient, createDeployment, createNamespace, ensureNodes, eventually } from '../support/cluster.ts';
import { runningLoop } from '../support/loop.ts';
import { type Answer, type Service, startService } from '../support/service.ts';

let cluster: ConnectedCluster;
let namespace: string;
let service: Service;

beforeAll(async () => {
  cluster = await connectTestClient();
  await ensureNodes(cluster, ['node-1', 'node-2', 'node-3']);
  namespace = await createNamespace(cluster, 'agreed-later');
});

afterEach(async () => {
  await service.close();
});

afterAll(async () => {
  await cluster.delete({ apiVersion: 'v1', kind: 'Namespace', name: namespace });
  await cluster.close();
});

const start = async (env: Record<string, string> = {}) => {
  service = await startService({ env: { ...approverSettings, ...env } });
};

const ask = (action: string, name: string, parameters: object, headers: Record<string, string> = {}) =>
  service.post(
    '/api/v1/execute',
    { action, parameters: { namespace, resource_type: 'deployment', resource_name: name, ...parameters } },
    { ...as('ada'), ...headers },
  );

async function approve({ body }: Pick<Answer, 'body'>): Promise<void> {
  const decided = await decideOn(service, await pendingApproval(service, { body }), 'approve');
  expect(decided.status, JSON.stringify(decided.body)).toBe(200);
}

const statusOf = async (id: string) => (await service.get(`/api/v1/status/${id}`, as('ada'))).body;

const untilStatus = (id: string, status: string) =>
  eventually(async () => {
    const body = await statusOf(id);
    expect(body, JSON.stringify(body)).toMatchObject({ status });
    return body;
  });

async function variables(name: string): Promise<unknown> {
  const found = await cluster.get({ apiVersion: 'apps/v1', kind: 'Deployment', namespace, name });
  const { template } = found['spec'] as { template: { spec: { containers: { env?: unknown }[] } } };
  return template.spec.containers[0]?.env;
}

test('who has agreed to what lasts for a while has agreed to its end: nobody is asked again', async () => {
  await start();
  await using _loop = runningLoop(service);
  await createDeployment(cluster, { namespace, name: 'debugged', replicas: 1 });

  const asked = await ask('enable_debug_mode', 'debugged', { duration: '2s' });
  await approve(asked);
  const done = await untilStatus(asked.body.action_id, 'completed');
  const undo = await eventually(async () => {
    const [row] = await service.sql<{ id: string }[]>`
      select id from execution where rollback_of = ${asked.body.action_id} and status = 'completed'`;
    expect(row).toBeDefined();
    return await statusOf(row?.id ?? '');
  });

  expect(done.undo).toMatchObject({ scheduled_at: expect.any(String) });
  expect(undo).toMatchObject({ approved_by: 'static:ben', requested_by: 'static:ada', changed: true });
  expect(await service.sql`select execution_id from approval`).toEqual([{ execution_id: asked.body.action_id }]);
  expect(await variables('debugged')).toBeUndefined();
});

test('what only at its turn turns out to need an approval waits for one then, and lets go of its place', async () => {
  await start({
    EXECUTOR_SAFETY_REQUIRE_CONFIRMATION: 'false',
    EXECUTOR_SAFETY_RULES_BLAST_RADIUS_VERDICT: 'ask',
    EXECUTOR_SAFETY_RULES_BLAST_RADIUS_TARGETS_PER_NAMESPACE: '1',
  });
  for (const name of ['first', 'second']) await createDeployment(cluster, { namespace, name, replicas: 1 });
  const audit = await auditFromNow();

  const queued = await ask('scale_deployment', 'second', { replicas: 2 }, { prefer: 'respond-async' });
  const first = await ask('scale_deployment', 'first', { replicas: 2 });
  await service.tick();
  const waits = await statusOf(queued.body.action_id);
  const held = await service.sql`select key from target_lock`;
  const before = await audit.writes({ namespace, name: 'second' });
  await approve({ body: waits });
  await service.tick();
  const done = await untilStatus(queued.body.action_id, 'completed');

  expect(queued.body).toMatchObject({ status: 'queued' });
  expect(first.body).toMatchObject({ status: 'completed', changed: true });
  expect(waits.verdicts).toContainEqual({ rule: 'blast_radius', verdict: 'ask', reason: expect.any(String) });
  expect(held).toEqual([]);
  expect(before).toEqual([]);
  expect(done).toMatchObject({ changed: true, approved_by: 'static:ben' });
  expect(await audit.writes({ namespace, name: 'second' })).toEqual(['patch deployments/scale 200']);
});

test('an approval is kept for as long as its execution, and goes with it', async () => {
  await start();
  await createDeployment(cluster, { namespace, name: 'forgotten', replicas: 1 });
  const asked = await ask('scale_deployment', 'forgotten', { replicas: 2 });
  await decideOn(service, await pendingApproval(service, asked), 'reject');
  const day = 24 * 60 * 60 * 1000;
  const letGo = () => prune(service.runtime.executor.database, { historyMs: 90 * day, idempotencyMs: day });
  const kept = () => service.sql`select (select count(*)::int from execution) as executions,
    (select count(*)::int from approval) as approvals`;
  await service.sql`update execution set finished_at = now() - interval '89 days'`;

  await letGo();
  const young = await kept();
  await service.sql`update execution set finished_at = now() - interval '91 days'`;
  await letGo();

  expect(young).toEqual([{ executions: 1, approvals: 1 }]);
  expect(await kept()).toEqual([{ executions: 0, approvals: 0 }]);
});
