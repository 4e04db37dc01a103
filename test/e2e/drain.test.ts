import { afterAll, beforeAll, expect, test } from 'vitest';
import type { ObjectReference } from '../../src/kubernetes/object.ts';
import { type Ground, openGround } from '../scenarios/ground.ts';
import { type OwnNodes, ownNodes } from '../scenarios/own-nodes.ts';
import { auditFromNow } from '../support/audit.ts';
import { eventually } from '../support/cluster.ts';
import { startProcess } from '../support/process.ts';
import { type Answer, type Service, startService } from '../support/service.ts';

let ground: Ground;
let service: Service;

beforeAll(async () => {
  ground = await openGround('drain');
  service = await startService();
});

afterAll(async () => {
  await service.close();
  await ground.close();
});

/** A node with pods of a Deployment, a budget that lets so many go, and another node for those that come after. */
async function nodeWithBudget({ replicas, mustStay }: { replicas: number; mustStay: number }) {
  const own = ownNodes(ground);
  const node = await own.node();
  const workload = await ground.workload('Deployment', { replicas, podSpec: own.podSpec });
  const budget = await budgetFor(workload, mustStay);
  return { own, node, workload, budget };
}

async function budgetFor({ name: app }: ObjectReference, minAvailable: number): Promise<ObjectReference> {
  const { namespace } = ground;
  const name = ground.name('budget');
  await ground.create({
    apiVersion: 'policy/v1',
    kind: 'PodDisruptionBudget',
    metadata: { name, namespace },
    spec: { minAvailable, selector: { matchLabels: { app } } },
  });
  const reference = { apiVersion: 'policy/v1', kind: 'PodDisruptionBudget', namespace, name };
  await eventually(async () => {
    const { status } = await ground.cluster.get(reference);
    expect(status).toMatchObject({ observedGeneration: 1, expectedPods: expect.any(Number) });
  });
  return reference;
}

async function isCordoned(node: ObjectReference): Promise<boolean> {
  const { spec } = await ground.read(node);
  return (spec as { unschedulable?: boolean }).unschedulable === true;
}

function drain(node: ObjectReference, more: Record<string, unknown> = {}): Promise<Answer> {
  return service.execute('drain_node', { node_name: node.name }, more);
}

/** The status of a run once it says so. */
async function whenItSays(id: string, message: RegExp): Promise<Answer['body']> {
  return await eventually(async () => {
    const { body } = await service.get(`/api/v1/status/${id}`);
    expect(body.message).toMatch(message);
    return body;
  });
}

test('what a budget holds back is waited for while other pods go on; the status tells it live, with each pod and its budget', async () => {
  const { own, node, workload, budget } = await nodeWithBudget({ replicas: 3, mustStay: 3 });
  const free = await ground.workload('Deployment', { replicas: 4, podSpec: own.podSpec });
  const blocked = (await ground.podsOf(workload)).map(({ metadata }) => `${ground.namespace}/${metadata.name}`);
  await own.node();

  const answer = drain(node, { action_id: ground.name('live') });
  const { id } = await eventually(async () => {
    const [row] = await service.sql<{ id: string }[]>`select id from execution where status = 'running'`;
    expect(row).toBeDefined();
    return row ?? { id: '' };
  });
  const live = await whenItSays(id, /4 of 7, blocked by budget/);
  await ground.patch(budget, { spec: { minAvailable: 1 } });
  const done = await answer;

  expect(live).toMatchObject({
    status: 'running',
    message: `4 of 7, blocked by budget ${ground.namespace}/${budget.name}`,
    progress: { done: 4, total: 7 },
    links: { cancel: `/api/v1/executions/${id}/cancel` },
  });
  expect(live.result.blocked.map(({ pod }: { pod: string }) => pod).sort()).toEqual(blocked.sort());
  expect(new Set(live.result.blocked.map(({ by }: { by: string }) => by))).toEqual(
    new Set([`budget ${ground.namespace}/${budget.name}`]),
  );
  expect(done.body, JSON.stringify(done.body)).toMatchObject({
    status: 'completed',
    result: { evicted: 7, total: 7, blocked: [] },
  });
  expect(await ground.podsOf(free)).toHaveLength(4);
  const events =
    await service.sql`select message from execution_event where execution_id = ${id} and type = 'execution.waiting'`;
  expect(events).toEqual([
    { message: expect.stringContaining(`blocked by budget ${ground.namespace}/${budget.name}`) },
  ]);
});

test('a blocked drain times out naming the budget, keeps what it did, and its rollback leaves the node as found', async () => {
  const { own, node, budget } = await nodeWithBudget({ replicas: 3, mustStay: 3 });
  await ground.workload('Deployment', { replicas: 2, podSpec: own.podSpec });
  const before = await ground.read(node);
  await own.node();
  const audit = await auditFromNow();

  const timedOut = await drain(node, { timeout: '4s' });
  const cordonedThen = await isCordoned(node);
  const undone = await service.post(timedOut.body.links.rollback);

  expect(timedOut.body, JSON.stringify(timedOut.body)).toMatchObject({
    status: 'timed_out',
    changed: true,
    message: `Timed out after 4 s; 2 of 5, blocked by budget ${ground.namespace}/${budget.name}`,
    progress: { done: 2, total: 5 },
    undo: { available: true },
  });
  expect(timedOut.body.duration_ms).toBeLessThan(15_000);
  expect(timedOut.body.result.blocked).toHaveLength(3);
  expect(cordonedThen).toBe(true);
  expect(undone.body, JSON.stringify(undone.body)).toMatchObject({ status: 'completed', changed: true });
  expect(await isCordoned(node)).toBe(false);
  expect((await ground.read(node)).metadata.labels).toEqual(before.metadata.labels);
  // A budget is waited for, never got round.
  const writes = await audit.writes({ namespace: ground.namespace });
  expect(writes.filter((write) => write.startsWith('delete'))).toEqual([]);
  // At most a few a second, for the budget, not for each of its pods.
  expect(writes.filter((write) => write === 'create pods/eviction 429').length).toBeLessThan(10);
});

test(
  'a drain is cancelled through another replica, keeps what it did, and can be rolled back',
  { timeout: 60_000 },
  async () => {
    const { own, node, budget } = await nodeWithBudget({ replicas: 3, mustStay: 3 });
    await ground.workload('Deployment', { replicas: 2, podSpec: own.podSpec });
    await own.node();
    const replica = await service.replica();
    const id = ground.name('cancel');
    const cancel = `/api/v1/executions/${id}/cancel`;

    const answer = drain(node, { action_id: id });
    await whenItSays(id, /2 of 5, blocked by budget/);
    const asked = await replica.post(cancel, { reason: 'the wrong node' });
    const cancelled = await answer;
    const audit = await auditFromNow();
    const again = await replica.post(cancel);
    const undone = await service.post(cancelled.body.links.rollback);
    const tooLate = await service.post(`/api/v1/executions/${undone.body.action_id}/cancel`);

    expect(asked.status, JSON.stringify(asked.body)).toBe(202);
    expect(asked.headers.get('location')).toBe(`/api/v1/status/${id}`);
    expect(asked.body).toMatchObject({ status: 'running', message: 'Is being cancelled' });
    expect(cancelled.body, JSON.stringify(cancelled.body)).toMatchObject({
      status: 'cancelled',
      success: false,
      changed: true,
      message: `Cancelled: the wrong node; 2 of 5, blocked by budget ${ground.namespace}/${budget.name}`,
      error: { code: 'cancelled' },
      undo: { available: true },
    });
    expect(cancelled.body.links).not.toHaveProperty('cancel');
    expect(again.status).toBe(200);
    expect(again.body).toMatchObject({ action_id: id, status: 'cancelled' });
    expect((await audit.writes({ namespace: ground.namespace })).filter((write) => write.includes('eviction'))).toEqual(
      [],
    );
    expect(undone.body).toMatchObject({ status: 'completed', changed: true });
    expect(await isCordoned(node)).toBe(false);
    expect(tooLate.status).toBe(409);
    expect(tooLate.body).toMatchObject({ code: 'conflict', action_id: undone.body.action_id });
    expect(await service.sql`select key from target_lock`).toEqual([]);
  },
);

test('a run that only waits is cancelled too; one that does not exist can not be', async () => {
  const workload = await ground.workload('Deployment', { replicas: 0, podAnnotations: { 'test/never-ready': 'true' } });
  const id = ground.name('verify');
  const parameters = { namespace: ground.namespace, resource_name: workload.name, replicas: 1 };

  const answer = service.execute('scale_deployment', parameters, { action_id: id });
  await whenItSays(id, /1 of 1, /);
  const asked = await service.post(`/api/v1/executions/${id}/cancel`);
  const cancelled = await answer;
  const unknown = await service.post('/api/v1/executions/not-there/cancel');
  const malformed = await service.post(`/api/v1/executions/${id}/cancel`, { why: 1 });

  expect(asked.status).toBe(202);
  expect(cancelled.body).toMatchObject({ status: 'cancelled', changed: true, undo: { available: true } });
  expect(cancelled.body.message).toMatch(/^Cancelled; 1 of 1 changes took effect/);
  expect(unknown.status).toBe(404);
  expect(unknown.body).toMatchObject({ code: 'execution_not_found' });
  expect(malformed.status).toBe(422);
  expect(malformed.body).toMatchObject({ code: 'validation_failed', errors: [{ pointer: '/why' }] });
});

test('a pod of a StatefulSet that is made again under its name is evicted once', async () => {
  const own = ownNodes(ground);
  const node = await own.node();
  const workload = await ground.workload('StatefulSet', { replicas: 2, podSpec: own.podSpec });
  await own.node();
  const audit = await auditFromNow();

  const done = await drain(node);

  expect(done.body, JSON.stringify(done.body)).toMatchObject({ status: 'completed', result: { evicted: 2, total: 2 } });
  await eventually(async () => expect(await ground.podsOf(workload)).toHaveLength(2));
  expect(await audit.writes({ namespace: ground.namespace })).toEqual([
    'create pods/eviction 201',
    'create pods/eviction 201',
  ]);
});

test('a pod that terminates slowly is waited for, and a second drain finds nothing to do', async () => {
  const own = ownNodes(ground);
  const node = await own.node();
  await ground.workload('Deployment', { podSpec: own.podSpec, podAnnotations: { 'test/terminate-after': '3s' } });
  await own.node();

  const done = await drain(node);
  const again = await drain(node);

  expect(done.body, JSON.stringify(done.body)).toMatchObject({ status: 'completed', changed: true });
  expect(done.body.duration_ms).toBeGreaterThan(2_500);
  expect(again.body).toMatchObject({ status: 'completed', changed: false });
});

test('a budget that comes to select a pod beside another is named, and not asked for ever; the other pods are evicted', async () => {
  const { own, node, workload } = await nodeWithBudget({ replicas: 2, mustStay: 2 });
  await ground.workload('Deployment', { replicas: 2, podSpec: own.podSpec });
  await own.node();
  const id = ground.name('several');

  const answer = drain(node, { action_id: id });
  await whenItSays(id, /2 of 4, blocked by budget/);
  await budgetFor(workload, 0);
  const failed = await answer;

  expect(failed.body, JSON.stringify(failed.body)).toMatchObject({ status: 'failed', changed: true });
  expect(failed.body.error.message).toMatch(/2 of 4 failed: .*more than one PodDisruptionBudget/);
  expect(failed.body.changes.filter(({ status }: { status: string }) => status === 'failed')).toEqual([
    expect.objectContaining({ error: expect.stringContaining('more than one PodDisruptionBudget') }),
    expect.objectContaining({ error: expect.stringContaining('more than one PodDisruptionBudget') }),
  ]);
  expect(failed.body.undo.available).toBe(true);
});

test('a replica killed in the middle of a drain: another settles it, says how far it came, and the node can be opened again', async () => {
  const { own, node } = await nodeWithBudget({ replicas: 2, mustStay: 2 });
  await ground.workload('Deployment', { replicas: 2, podSpec: own.podSpec });
  await own.node();
  const victim = await startProcess(service.databaseUrl, { EXECUTOR_ACTIONS_LEASE: '2s' });
  const id = ground.name('crash');

  const cut = fetch(`${victim.url}/api/v1/execute`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ action_id: id, action: 'drain_node', parameters: { node_name: node.name } }),
  }).catch(() => undefined);
  await whenItSays(id, /2 of 4, blocked by budget/);
  await victim.kill();
  await cut;
  const settled = await eventually(async () => {
    await service.tick();
    const { body } = await service.get(`/api/v1/status/${id}`);
    expect(body.status).toBe('failed');
    return body;
  }, 20_000);
  const undone = await service.post(settled.links.rollback);

  expect(settled).toMatchObject({ changed: true, settled: { from: 'the cluster' }, undo: { available: true } });
  expect(settled.message).toMatch(/3 of 5 changes had taken effect/);
  expect(undone.body).toMatchObject({ status: 'completed' });
  expect(await isCordoned(node)).toBe(false);
});

test('a pod that comes to the node between the reading and the cordon is evicted with the others', async () => {
  const own = ownNodes(ground);
  const node = await own.node();
  await ground.workload('Deployment', { replicas: 2, podSpec: own.podSpec });
  const late = await replicaThatIsLate(own);

  const done = await late.execute('drain_node', { node_name: node.name });

  expect(done.body, JSON.stringify(done.body)).toMatchObject({ status: 'completed', result: { evicted: 3, total: 3 } });
});

/** A replica in whose way, just before its cordon arrives, another pod comes to the node. */
async function replicaThatIsLate(own: OwnNodes) {
  let come = false;
  return await service.replica({
    faults: (send) => async (url, init) => {
      if (!come && init.method === 'PATCH' && String(url).includes('/nodes/')) {
        come = true;
        await ground.workload('Deployment', { podSpec: own.podSpec });
        await own.node();
      }
      return await send(url, init);
    },
  });
}
