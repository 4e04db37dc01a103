import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import type { ConnectedCluster } from '../../src/platform/kubernetes-connection.ts';
import { undescribed } from '../http/described-answer.ts';
import { auditFromNow } from '../support/audit.ts';
import {
  connectTestClient,
  createDeployment,
  createNamespace,
  createNodes,
  ensureNodes,
  eventually,
} from '../support/cluster.ts';
import { runningLoop } from '../support/loop.ts';
import { startProcess } from '../support/process.ts';
import { type Answer, type Replica, type Service, startService } from '../support/service.ts';

const later = { prefer: 'respond-async' };
const reason = 'wrong release';

let cluster: ConnectedCluster;
let namespace: string;
let other: string;
let service: Service;

beforeAll(async () => {
  cluster = await connectTestClient();
  await ensureNodes(cluster, ['node-1', 'node-2', 'node-3']);
  await createNodes(cluster, ['stop-node']);
  namespace = await createNamespace(cluster, 'stop');
  other = await createNamespace(cluster, 'go');
});

afterEach(async () => {
  await service.close();
});

afterAll(async () => {
  for (const name of [namespace, other]) await cluster.delete({ apiVersion: 'v1', kind: 'Namespace', name });
  await cluster.delete({ apiVersion: 'v1', kind: 'Node', name: 'stop-node' });
  await cluster.close();
});

const control = (stopped: boolean, scope: string = namespace, replica: Replica = service) =>
  replica.put('/api/v1/controls', { scope, stopped, reason });

function scale(name: string, replicas: number, more: { replica?: Replica; in?: string; dry?: boolean } = {}) {
  const { replica = service, in: where = namespace, dry = false } = more;
  return replica.execute(
    'scale_deployment',
    { namespace: where, resource_name: name, replicas },
    { action_id: `${name}-to-${replicas}-${dry ? 'dry' : where}`, dry_run: dry },
  );
}

async function statusOf(id: string): Promise<Answer['body']> {
  return (await service.get(`/api/v1/status/${id}`)).body;
}

const untilStatus = (id: string, status: string) =>
  eventually(async () => {
    const execution = await statusOf(id);
    expect(execution, JSON.stringify(execution)).toMatchObject({ status });
    return execution;
  });

/** A Deployment without pods: scaled up, it takes that long until the run is over. */
const slow = (name: string, readyAfter = '20s') =>
  createDeployment(
    cluster,
    { namespace, name, replicas: 0, podAnnotations: { 'test/ready-after': readyAfter } },
    { ready: false },
  );

test('in a stopped namespace nothing is done, on any replica; dry runs, reads, other namespaces and nodes go on', async () => {
  service = await startService();
  const replica = await service.replica();
  await createDeployment(cluster, { namespace, name: 'still', replicas: 1 });
  await createDeployment(cluster, { namespace: other, name: 'moving', replicas: 1 });
  const audit = await auditFromNow();

  const stop = await control(true);
  const refused = await scale('still', 2, { replica });
  const dry = await scale('still', 2, { replica, dry: true });
  const elsewhere = await scale('moving', 2, { in: other });
  const node = await service.execute('cordon_node', { node_name: 'stop-node' });
  const reopened = await service.execute('uncordon_node', { node_name: 'stop-node' });
  const written = await audit.writes({ namespace, name: 'still' });
  const listed = await replica.get('/api/v1/controls');
  const lifted = await control(false, namespace, replica);
  const done = await scale('still', 3);

  expect(stop.status, JSON.stringify(stop.body)).toBe(200);
  expect(stop.body).toEqual({ scope: namespace, stopped: true, reason, by: null, at: expect.any(String) });
  expect(undescribed('PUT /api/v1/controls', stop)).toEqual([]);
  expect(undescribed('GET /api/v1/controls', listed)).toEqual([]);
  expect(listed.body).toEqual({ items: [stop.body], next: null });
  expect(refused.status).toBe(503);
  expect(undescribed('POST /api/v1/execute', refused)).toEqual([]);
  expect(refused.headers.get('retry-after')).toBe('30');
  expect(refused.body).toMatchObject({ code: 'emergency_stop', stop: stop.body });
  expect(refused.body.detail).toBe(
    `Deployment ${namespace}/still is left alone: emergency stop of namespace ${namespace}, since ${stop.body.at}: ${reason}`,
  );
  expect(dry.body, JSON.stringify(dry.body)).toMatchObject({ status: 'completed', dry_run: true });
  expect(elsewhere.body, JSON.stringify(elsewhere.body)).toMatchObject({ status: 'completed', changed: true });
  expect([node.body.status, reopened.body.status]).toEqual(['completed', 'completed']);
  expect(written).toEqual([]);
  expect(lifted.body).toMatchObject({ stopped: false });
  expect(done.body, JSON.stringify(done.body)).toMatchObject({ status: 'completed', changed: true });
});

test('a stop of the whole cluster holds nodes and every namespace; an answer given before is given again', async () => {
  service = await startService();
  await createDeployment(cluster, { namespace, name: 'all', replicas: 1 });
  const before = await scale('all', 2);

  await control(true, '*');
  const again = await scale('all', 2);
  const node = await service.execute('cordon_node', { node_name: 'stop-node' });
  const refused = await scale('all', 3);
  const undo = await service.post(`/api/v1/executions/${before.body.action_id}/rollback`);

  expect(again.headers.get('idempotent-replayed')).toBe('true');
  expect([node.body.code, refused.body.code, undo.body.code]).toEqual(Array(3).fill('emergency_stop'));
  expect(node.body.detail).toContain('Node stop-node is left alone: emergency stop of the whole cluster');
  await control(false, '*');
  expect((await service.post(`/api/v1/executions/${before.body.action_id}/rollback`)).body.status).toBe('completed');
});

test('what is under way on another replica ends, also where the stop is lifted at once', async () => {
  service = await startService();
  const replica = await service.replica();
  await slow('halted');
  const audit = await auditFromNow();

  const running = scale('halted', 1);
  await eventually(async () =>
    expect(await audit.writes({ namespace, name: 'halted' })).toEqual(['patch deployments/scale 200']),
  );
  await control(true, namespace, replica);
  await control(false, namespace, replica);
  const { body } = await running;

  expect(body, JSON.stringify(body)).toMatchObject({
    success: false,
    status: 'cancelled',
    changed: true,
    error: { code: 'emergency_stop' },
    changes: [{ status: 'applied' }],
    undo: { available: true },
  });
  expect(body.message).toMatch(new RegExp(`^Emergency stop of namespace ${namespace}: ${reason}; `));
  expect(await service.sql`select key from target_lock`).toEqual([]);
  expect((await service.post(body.links.rollback)).body).toMatchObject({ status: 'completed' });
});

test('a process of its own hears of the stop, and ends what it runs', async () => {
  service = await startService();
  const listener = await startProcess(service.databaseUrl);
  await slow('heard');

  const running = fetch(`${listener.url}/api/v1/execute`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({
      action_id: 'heard',
      action: 'scale_deployment',
      parameters: { namespace, resource_name: 'heard', replicas: 1 },
    }),
  });
  await untilStatus('heard', 'running');
  await control(true);
  const body = (await (await running).json()) as Answer['body'];

  expect(body, JSON.stringify(body)).toMatchObject({ status: 'cancelled', error: { code: 'emergency_stop' } });
  expect(await listener.stop()).toBe(0);
});

test('what is queued waits, and holds nobody up; it goes on when the stop is lifted', async () => {
  service = await startService();
  await using _loop = runningLoop(service);
  for (const name of ['queued', 'early']) await createDeployment(cluster, { namespace, name, replicas: 1 });
  await createDeployment(cluster, { namespace: other, name: 'free', replicas: 1 });
  const ask = (where: string, name: string, more = {}) =>
    service.post(
      '/api/v1/execute',
      { action: 'scale_deployment', parameters: { namespace: where, resource_name: name, replicas: 2 }, ...more },
      later,
    );
  const audit = await auditFromNow();

  // The one is queued already when the stop comes, the other is asked for meanwhile.
  const soon = new Date(Date.now() + 1_000).toISOString();
  const early = await ask(namespace, 'early', { not_before: soon });
  await control(true);
  const waiting = await ask(namespace, 'queued');
  const dry = await ask(namespace, 'queued', { dry_run: true });
  const free = await ask(other, 'free');
  await untilStatus(free.body.action_id, 'completed');
  await untilStatus(dry.body.action_id, 'completed');
  const parked = await eventually(async () => {
    const rows = await service.sql`select id from execution where waits_for = '@stop'`;
    expect(rows).toHaveLength(2);
    return new Set(rows.map(({ id }) => id));
  });
  const shown = await statusOf(early.body.action_id);
  const written = await audit.writes({ namespace });
  const cancelled = await ask(namespace, 'early');
  const ended = await service.post(cancelled.body.links.cancel);
  await control(false);
  const ran = await Promise.all([early, waiting].map(({ body }) => untilStatus(body.action_id, 'completed')));

  expect(waiting.status).toBe(202);
  expect(waiting.body.message).toBe(`Waits until this is lifted: Emergency stop of namespace ${namespace}: ${reason}`);
  expect(parked).toEqual(new Set([early.body.action_id, waiting.body.action_id]));
  expect(shown).toMatchObject({ status: 'queued', message: waiting.body.message, started_at: null });
  expect(written).toEqual([]);
  expect(ended.body.status).toBe('cancelled');
  expect(ran.map(({ changed }) => changed)).toEqual([true, true]);
});

test('of many that begin while it comes, through three replicas, none begins after it', async () => {
  service = await startService({ env: { EXECUTOR_ACTIONS_MAX_CONCURRENT: '50' } });
  const replicas = [service, await service.replica(), await service.replica()];
  const names = Array.from({ length: 15 }, (_, index) => `race-${index}`);
  await Promise.all(names.map((name) => slow(name, '0s')));

  const asked = names.map(async (name, index) => {
    await new Promise((resolve) => setTimeout(resolve, index * 8));
    return await scale(name, 1, { replica: replicas[index % 3] ?? service });
  });
  await new Promise((resolve) => setTimeout(resolve, 60));
  const stop = await control(true);
  const answers = await Promise.all(asked);

  const [late] = await service.sql`
    select count(*)::int as count from execution where not dry_run and started_at > ${stop.body.at}::timestamptz`;
  expect(late?.count).toBe(0);
  expect(new Set(answers.map(({ body }) => body.error?.code ?? body.code ?? body.status))).toContain('emergency_stop');
});

test('each change of a control is told by an event, with who, why and when', async () => {
  service = await startService();

  const stop = await control(true, '*');
  const lifted = await control(false, '*');

  const told = await service.sql`select type, message, data from execution_event order by id`;
  expect(told).toMatchObject([
    { type: 'control.changed', message: `Emergency stop of the whole cluster: ${reason}`, data: { stopped: true } },
    { type: 'control.changed', message: `The whole cluster is no longer stopped: ${reason}`, data: { stopped: false } },
  ]);
  expect(told.map(({ data }) => new Date(data.at).toISOString())).toEqual([stop.body.at, lifted.body.at]);
  expect(service.logLines.join('')).toContain('Emergency stop lifted');
});

test.each([
  ['no scope', { stopped: true }, '/scope'],
  ['a scope that is no namespace', { scope: 'Shop', stopped: true }, '/scope'],
  ['no word of what to do', { scope: '*' }, '/stopped'],
  ['a member that there is not', { scope: '*', stopped: true, by: 'me' }, '/by'],
])('%s is refused, and nothing is stopped', async (_case, body, pointer) => {
  service = await startService();

  const answer = await service.put('/api/v1/controls', body);

  expect(answer.status).toBe(422);
  expect(answer.body.errors).toMatchObject([{ pointer }]);
  expect((await service.get('/api/v1/controls')).body.items).toEqual([]);
});
