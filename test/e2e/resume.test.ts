import { afterAll, beforeAll, expect, test } from 'vitest';
import type { ObjectReference } from '../../src/kubernetes/object.ts';
import { type Ground, openGround } from '../scenarios/ground.ts';
import { ownNodes } from '../scenarios/own-nodes.ts';
import { auditFromNow } from '../support/audit.ts';
import { eventually } from '../support/cluster.ts';
import { type Service, startService } from '../support/service.ts';

/** By it the audit log tells this service's calls from those of other tests. */
const userAgent = 'executor-resumes';

let ground: Ground;
let service: Service;

beforeAll(async () => {
  ground = await openGround('resume');
  service = await startService({ userAgent, env: { EXECUTOR_ACTIONS_COOLDOWN_PERIOD: '60s' } });
});

afterAll(async () => {
  await service.close();
  await ground.close();
});

/** A node of five pods, three of which a budget keeps: its drain gets no further than two of five. */
async function nodeWithBudget(): Promise<{ node: ObjectReference; budget: ObjectReference }> {
  const { namespace } = ground;
  const own = ownNodes(ground);
  const node = await own.node();
  const kept = await ground.workload('Deployment', { replicas: 3, podSpec: own.podSpec });
  await ground.workload('Deployment', { replicas: 2, podSpec: own.podSpec });
  const budget = { apiVersion: 'policy/v1', kind: 'PodDisruptionBudget', namespace, name: ground.name('budget') };
  await ground.create({
    apiVersion: budget.apiVersion,
    kind: budget.kind,
    metadata: { name: budget.name, namespace },
    spec: { minAvailable: 3, selector: { matchLabels: { app: kept.name } } },
  });
  await eventually(async () => {
    const { status } = await ground.cluster.get(budget);
    expect(status).toMatchObject({ expectedPods: 3 });
  });
  await own.node();
  return { node, budget };
}

test('a drain that came half way goes on: planned anew, only what is left is evicted; its own cooldown lets it', async () => {
  const { node, budget } = await nodeWithBudget();
  const timedOut = await service.execute('drain_node', { node_name: node.name }, { timeout: '4s' });
  await ground.cluster.delete(budget);
  const audit = await auditFromNow();

  const again = await service.execute('drain_node', { node_name: node.name });
  const resumed = await service.post(timedOut.body.links.resume, { reason: 'the budget is gone' });

  expect(timedOut.body, JSON.stringify(timedOut.body)).toMatchObject({ status: 'timed_out', changed: true });
  expect(timedOut.body.links.resume).toBe(`/api/v1/executions/${timedOut.body.action_id}/resume`);
  expect(again.body).toMatchObject({ code: 'cooldown_active' });
  expect(resumed.status, JSON.stringify(resumed.body)).toBe(200);
  expect(resumed.body).toMatchObject({
    status: 'completed',
    action: 'drain_node',
    changed: true,
    resume_of: timedOut.body.action_id,
    reason: 'the budget is gone',
    parameters: timedOut.body.parameters,
  });
  const writes = await audit.writes({ userAgent });
  expect(writes.filter((write) => write === 'create pods/eviction 201')).toHaveLength(3);
  expect(writes.filter((write) => write.includes('nodes'))).toEqual([]);
  expect(resumed.body.links).not.toHaveProperty('resume');
});

test('it can be asked for without waiting, and twice with one key is once', async () => {
  const slow = await ground.workload('Deployment', { replicas: 0, podAnnotations: { 'test/ready-after': '4s' } });
  const parameters = { namespace: ground.namespace, resource_name: slow.name, replicas: 2 };
  const timedOut = await service.execute('scale_deployment', parameters, { timeout: '2s' });
  const audit = await auditFromNow();

  const headers = { prefer: 'respond-async', 'idempotency-key': 'go-on' };
  const resumed = await service.post(timedOut.body.links.resume, undefined, headers);
  const twice = await service.post(timedOut.body.links.resume, undefined, headers);
  await service.tick();
  const { body: done } = await service.get(resumed.body.links.self);

  expect(timedOut.body).toMatchObject({ status: 'timed_out', changed: true });
  expect(resumed.status, JSON.stringify(resumed.body)).toBe(202);
  expect(resumed.body).toMatchObject({ status: 'queued', resume_of: timedOut.body.action_id });
  expect(twice.headers.get('idempotent-replayed')).toBe('true');
  expect(twice.body.action_id).toBe(resumed.body.action_id);
  // What it was to do had taken effect; nothing is left to do.
  expect(done, JSON.stringify(done)).toMatchObject({ status: 'completed', changed: false });
  expect(await audit.writes({ namespace: ground.namespace, name: slow.name, userAgent })).toEqual([]);
});

test('what is through, was only tried, is under way or does not exist is not resumed, and says so', async () => {
  const web = await ground.workload('Deployment', { replicas: 1 });
  const parameters = { namespace: ground.namespace, resource_name: web.name, replicas: 2 };
  const dry = await service.execute('scale_deployment', parameters, { dry_run: true });
  const done = await service.execute('scale_deployment', parameters);
  const resume = (id: string, body?: unknown) => service.post(`/api/v1/executions/${id}/resume`, body);

  const answers = [
    await resume(done.body.action_id),
    await resume(dry.body.action_id),
    await resume('not-there'),
    await resume(done.body.action_id, { why: 1 }),
  ];

  expect(answers.map(({ status, body }) => `${status} ${body.code}: ${body.detail}`)).toEqual([
    `409 conflict: Execution ${done.body.action_id} can't be resumed: it is completed`,
    `409 conflict: Execution ${dry.body.action_id} can't be resumed: it was a dry run`,
    '404 execution_not_found: There is no execution not-there',
    expect.stringMatching(/^422 validation_failed: /),
  ]);
  for (const { body } of answers) expect(body.hint).toEqual(expect.any(String));
});
