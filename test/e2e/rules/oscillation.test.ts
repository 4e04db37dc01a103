import { afterAll, beforeAll, expect, test } from 'vitest';
import type { ConnectedCluster } from '../../../src/platform/kubernetes-connection.ts';
import { auditFromNow } from '../../support/audit.ts';
import { connectTestClient, createDeployment, createNamespace, ensureNodes } from '../../support/cluster.ts';
import { type Answer, type Replica, type Service, startService } from '../../support/service.ts';

const windowMs = 20 * 60_000;

let cluster: ConnectedCluster;
let service: Service;
let namespace: string;

beforeAll(async () => {
  cluster = await connectTestClient();
  await ensureNodes(cluster, ['node-1', 'node-2']);
  namespace = await createNamespace(cluster, 'swing');
  service = await startService({
    env: {
      EXECUTOR_SAFETY_RULES_OSCILLATION_VERDICT: 'deny',
      EXECUTOR_SAFETY_RULES_OSCILLATION_WINDOW: '20m',
      EXECUTOR_SAFETY_RULES_OSCILLATION_RESTARTS: '2',
    },
  });
});

afterAll(async () => {
  await service.close();
  await cluster.delete({ apiVersion: 'v1', kind: 'Namespace', name: namespace });
  await cluster.close();
});

const scale = (name: string, replicas: number, more: Record<string, unknown> = {}) =>
  service.execute('scale_deployment', { namespace, resource_name: name, replicas }, more);
/** Two within one second are one. */
async function restart(name: string, by: Replica = service): Promise<Answer> {
  for (;;) {
    const answer = await by.execute('restart_deployment', { namespace, resource_name: name });
    const again = answer.body.code === 'target_busy' || answer.body.changed === false;
    if (!again) return answer;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

function expectCompleted(answer: Answer): Answer {
  expect(answer.body, JSON.stringify(answer.body)).toMatchObject({ status: 'completed', changed: true });
  return answer;
}

test('two scalings to and fro pass, the third is refused until the first of them has left the window', async () => {
  await createDeployment(cluster, { namespace, name: 'swings', replicas: 1 });
  expectCompleted(await scale('swings', 2));
  const first = expectCompleted(await scale('swings', 1));
  expectCompleted(await scale('swings', 2));
  const audit = await auditFromNow();

  const refused = await scale('swings', 1);
  const undone = await service.post(first.body.links.rollback, { force: true });
  const tried = await scale('swings', 1, { dry_run: true });
  const further = await scale('swings', 3);

  expect(refused.status).toBe(429);
  expect(refused.body).toMatchObject({
    code: 'oscillation_detected',
    detail: `Deployment ${namespace}/swings has been scaled to and fro 2 times within 20m; 2 may be`,
    retry_at: new Date(Date.parse(first.body.finished_at) + windowMs).toISOString(),
  });
  expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(windowMs / 1000 - 60);
  // Back to the two that stand there: nothing is written, so nothing swings.
  expect(undone.body).toMatchObject({ status: 'completed', changed: false });
  expect(tried.body).toMatchObject({ status: 'completed', dry_run: true });
  expectCompleted(further);
  expect(await audit.writes({ namespace, name: 'swings' })).toEqual(['patch deployments/scale 200']);

  await service.sql`update execution set finished_at = finished_at - interval '20 minutes' where id = ${first.body.action_id}`;
  expectCompleted(await scale('swings', 1));
});

test('an undo that turns round once more is refused as well', async () => {
  await createDeployment(cluster, { namespace, name: 'undone', replicas: 1 });
  for (const replicas of [2, 1]) expectCompleted(await scale('undone', replicas));
  const last = expectCompleted(await scale('undone', 2));

  const undo = await service.post(last.body.links.rollback);

  expect(undo.status).toBe(429);
  expect(undo.body).toMatchObject({ code: 'oscillation_detected', retry_at: expect.any(String) });
});

test('as many restarts as the settings say pass, the next does not; another target has its own', async () => {
  for (const name of ['restarted', 'neighbour']) await createDeployment(cluster, { namespace, name, replicas: 2 });
  const first = expectCompleted(await restart('restarted'));
  expectCompleted(await restart('restarted'));

  const refused = await restart('restarted');
  const asked = await service.replica({ env: { EXECUTOR_SAFETY_RULES_OSCILLATION_VERDICT: 'ask' } });
  const elsewhere = await service.replica({ env: { EXECUTOR_SAFETY_RULES_OSCILLATION_NAMESPACES: '["other-*"]' } });
  const parameters = { namespace, resource_name: 'restarted' };

  expect(refused.body).toMatchObject({
    code: 'oscillation_detected',
    detail: `Deployment ${namespace}/restarted has been restarted 2 times within 20m; 2 may be`,
    retry_at: new Date(Date.parse(first.body.finished_at) + windowMs).toISOString(),
  });
  expect(await asked.execute('restart_deployment', parameters)).toMatchObject({
    status: 202,
    body: {
      status: 'pending_approval',
      message: expect.stringMatching(/^Waits for somebody to agree: .* restarted 2 times/),
    },
  });
  expectCompleted(await restart('neighbour'));
  expectCompleted(await restart('restarted', elsewhere));
});

test('restarts through two replicas at once are not more than pass', async () => {
  await createDeployment(cluster, { namespace, name: 'raced', replicas: 1 });
  const other = await service.replica();

  const answers = await Promise.all(
    Array.from({ length: 8 }, (_, index) => restart('raced', index % 2 ? service : other)),
  );

  expect(answers.filter(({ status }) => status === 200)).toHaveLength(2);
  expect(answers.filter(({ body }) => body.code === 'oscillation_detected')).toHaveLength(6);
});
