import * as z from 'zod';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { type Action, defineAction } from '../../src/actions/define.ts';
import { scaleWorkload } from '../../src/actions/planning/scale-workload.ts';
import { actions } from '../../src/actions/registry.ts';
import { endQueued } from '../../src/database/queue.ts';
import { prune } from '../../src/database/prune.ts';
import type { ConnectedCluster } from '../../src/platform/kubernetes-connection.ts';
import type { Fetch } from '../../src/kubernetes/transport.ts';
import { auditFromNow } from '../support/audit.ts';
import { connectTestClient, createDeployment, createNamespace, ensureNodes, eventually } from '../support/cluster.ts';
import { startProcess } from '../support/process.ts';
import { type Replica, type Service, startService } from '../support/service.ts';

/** A scaling that lasts: the smallest action with an undo that comes by itself. */
const scaleForAWhile = defineAction({
  name: 'scale_for_a_while',
  summary: 'Set the number of replicas of a Deployment for a while.',
  targets: ['Deployment'],
  risk: 'medium',
  again: 'no_op',
  parameters: z.strictObject({ replicas: z.int(), for_ms: z.int() }),
  refuses: [],
  permissions: [],
  examples: [],
  async plan({ cluster, target, parameters }) {
    const scaling = await scaleWorkload({ cluster, target }, { replicas: parameters.replicas });
    return { ...scaling, undoAfterMs: parameters.for_ms };
  },
});

let cluster: ConnectedCluster;
let namespace: string;
let service: Service;
const env = { EXECUTOR_ACTIONS_LEASE: '2s' };

beforeAll(async () => {
  (actions as Action[]).push(scaleForAWhile);
  cluster = await connectTestClient();
  await ensureNodes(cluster, ['node-1', 'node-2', 'node-3']);
  namespace = await createNamespace(cluster, 'later');
});

afterEach(async () => {
  await service.close();
});

afterAll(async () => {
  (actions as Action[]).splice(actions.indexOf(scaleForAWhile), 1);
  await cluster.delete({ apiVersion: 'v1', kind: 'Namespace', name: namespace });
  await cluster.close();
});

async function scaledForAWhile(name: string, forMs = 500, more: Record<string, unknown> = {}) {
  await createDeployment(cluster, { namespace, name, replicas: 1 });
  return await service.execute(
    'scale_for_a_while',
    { namespace, resource_name: name, replicas: 2, for_ms: forMs },
    more,
  );
}

async function replicasOf(name: string): Promise<number> {
  const { spec } = await cluster.get({ apiVersion: 'apps/v1', kind: 'Deployment', namespace, name });
  return (spec as { replicas: number }).replicas;
}

async function statusOf(id: string) {
  const { body } = await service.get(`/api/v1/status/${id}`);
  return body;
}

/** Ticks until the execution has left the queue and is over. */
async function untilOver(id: string, replica: Replica = service) {
  return await eventually(async () => {
    await replica.tick();
    const execution = await statusOf(id);
    expect(['completed', 'failed', 'refused', 'cancelled']).toContain(execution.status);
    return execution;
  });
}

async function due(id: string): Promise<void> {
  await service.sql`update execution set not_before = now() where id = ${id}`;
}

/** The queued execution runs on another replica, and holds the object; nothing was sent yet. */
async function heldElsewhere(key: string, { by, leaseMs }: { by: string; leaseMs: number }): Promise<void> {
  await service.sql`update execution set status = 'running', attempts = 1, fence = nextval('fence'), holder = 'another', started_at = now(),
    deadline = now() + interval '1 hour', lease_until = now() + ${leaseMs} * interval '1 millisecond' where id = ${by}`;
  await service.sql`insert into target_lock (key, execution_id) values (${key}, ${by})`;
}

test('what lasts for a while says when it is undone, and is undone then, by an execution of the same caller', async () => {
  service = await startService({ env });
  const { body: original } = await scaledForAWhile('web', 1_000, { correlation_id: 'inc-7' });
  const { body: queued } = await service.get(`/api/v1/status/${original.undo.scheduled_by}`);
  const early = await service.tick().then(() => replicasOf('web'));
  const undone = await untilOver(original.undo.scheduled_by);

  expect(original, JSON.stringify(original)).toMatchObject({ status: 'completed', changed: true });
  expect(original.warnings).toEqual([
    `It is undone by itself 1s after its end, by execution ${original.undo.scheduled_by}`,
  ]);
  expect(Date.parse(original.undo.scheduled_at) - Date.parse(original.finished_at)).toBe(1_000);
  expect(queued).toMatchObject({
    status: 'queued',
    success: false,
    action: 'rollback',
    rollback_of: original.action_id,
    not_before: original.undo.scheduled_at,
    correlation_id: 'inc-7',
    requested_by: original.requested_by,
    reason: `scale_for_a_while (execution ${original.action_id}) was to last 1s`,
    target: { kind: 'Deployment', name: 'web' },
    changes: [{ status: 'pending' }],
    started_at: null,
    finished_at: null,
  });
  expect(early).toBe(2);
  expect(undone).toMatchObject({ status: 'completed', changed: true, rollback_of: original.action_id });
  expect(Date.parse(undone.started_at)).toBeGreaterThanOrEqual(Date.parse(original.undo.scheduled_at));
  expect(undone.created_at).toBe(queued.created_at);
  expect(await replicasOf('web')).toBe(1);
  expect(await statusOf(original.action_id)).toMatchObject({
    status: 'rolled_back',
    rolled_back_by: undone.action_id,
    undo: { scheduled_at: null, scheduled_by: null },
  });
  const events =
    await service.sql`select type from execution_event where execution_id = ${undone.action_id} order by id`;
  expect(events.map(({ type }) => type)).toEqual([
    'execution.queued',
    'execution.started',
    'execution.change_applied',
    'execution.completed',
  ]);
});

test('a dry run and a no-op schedule nothing; the dry run says what would be', async () => {
  service = await startService({ env });
  await createDeployment(cluster, { namespace, name: 'dry', replicas: 1 });
  const parameters = { namespace, resource_name: 'dry', for_ms: 1_000 };

  const dry = await service.execute('scale_for_a_while', { ...parameters, replicas: 2 }, { dry_run: true });
  const same = await service.execute('scale_for_a_while', { ...parameters, replicas: 1 });

  expect(dry.body.warnings).toEqual(['It would be undone by itself after 1s']);
  expect(same.body).toMatchObject({ changed: false, warnings: [], undo: { scheduled_at: null } });
  expect(await service.sql`select id from execution where status = 'queued'`).toEqual([]);
});

test('two replicas that look at the same time start one undo, once', async () => {
  service = await startService({ env });
  const other = await service.replica();
  const originals = [];
  for (const name of ['two-a', 'two-b', 'two-c']) originals.push((await scaledForAWhile(name, 60_000)).body);
  const audit = await auditFromNow();

  await service.sql`update execution set not_before = now() where status = 'queued'`;
  await Promise.all([service.tick(), other.tick(), service.tick(), other.tick()]);

  for (const { action_id, undo } of originals) {
    expect(await statusOf(undo.scheduled_by)).toMatchObject({ status: 'completed', changed: true });
    expect(await statusOf(action_id)).toMatchObject({ status: 'rolled_back' });
  }
  for (const name of ['two-a', 'two-b', 'two-c'])
    expect(await audit.writes({ namespace, name })).toEqual(['patch deployments/scale 200']);
});

test(
  'the service is gone when it is due: the process that starts later undoes what the old one had scheduled',
  { timeout: 60_000 },
  async () => {
    service = await startService({ env });
    const { body: original } = await scaledForAWhile('restarted', 60_000);
    service.stop();
    await due(original.undo.scheduled_by);

    const after = await startProcess(service.databaseUrl, env);
    const undone = await eventually(async () => {
      const execution = await statusOf(original.undo.scheduled_by);
      expect(execution.status).toBe('completed');
      return execution;
    });

    expect(undone.changed).toBe(true);
    expect(await replicasOf('restarted')).toBe(1);
    expect(await after.stop()).toBe(0);
  },
);

test('somebody has changed it since: the undo is refused, says what stands there, and leaves it alone', async () => {
  service = await startService({ env });
  const { body: original } = await scaledForAWhile('drifted', 60_000);
  await cluster.patch(
    { apiVersion: 'apps/v1', kind: 'Deployment', namespace, name: 'drifted' },
    { type: 'merge', body: { spec: { replicas: 3 } } },
  );
  await due(original.undo.scheduled_by);

  const refused = await untilOver(original.undo.scheduled_by);

  expect(refused).toMatchObject({
    status: 'refused',
    success: false,
    changed: false,
    error: { code: 'drift_detected', message: expect.stringContaining('spec.replicas is 3, not 2') },
  });
  expect(await replicasOf('drifted')).toBe(3);
  expect(await statusOf(original.action_id)).toMatchObject({ status: 'completed', undo: { scheduled_at: null } });
});

test('the object is gone: refused, saying so', async () => {
  service = await startService({ env });
  const { body: original } = await scaledForAWhile('gone', 60_000);
  await cluster.delete({ apiVersion: 'apps/v1', kind: 'Deployment', namespace, name: 'gone' });
  await due(original.undo.scheduled_by);

  const refused = await untilOver(original.undo.scheduled_by);

  expect(refused).toMatchObject({ status: 'refused', error: { code: 'drift_detected' } });
  expect(refused.message).toMatch(/gone is gone|does not exist/);
});

test('rolled back by hand first: what was queued is cancelled in the same moment', async () => {
  service = await startService({ env });
  const { body: original } = await scaledForAWhile('by-hand', 60_000);

  const { body: byHand } = await service.post(original.links.rollback);

  expect(byHand).toMatchObject({ status: 'completed', changed: true });
  expect(await statusOf(original.undo.scheduled_by)).toMatchObject({
    status: 'cancelled',
    message: `${original.action_id} has been rolled back already, by ${byHand.action_id}`,
    finished_at: byHand.finished_at,
  });
});

test('two that last on one object are taken back the last one first, though the first is due earlier', async () => {
  service = await startService({ env });
  const { body: first } = await scaledForAWhile('twice', 60_000);
  const { body: second } = await service.execute('scale_for_a_while', {
    namespace,
    resource_name: 'twice',
    replicas: 3,
    for_ms: 61_000,
  });
  await due(first.undo.scheduled_by);
  await service.tick();
  const waits = await statusOf(first.undo.scheduled_by);
  await due(second.undo.scheduled_by);
  await untilOver(second.undo.scheduled_by);
  await due(first.undo.scheduled_by);
  await untilOver(first.undo.scheduled_by);

  expect(waits).toMatchObject({ status: 'queued', message: expect.stringContaining('spec.replicas is 3, not 2') });
  expect(Date.parse(waits.not_before)).toBeGreaterThan(Date.parse(second.undo.scheduled_at));
  expect(await replicasOf('twice')).toBe(1);
  expect(await statusOf(first.action_id)).toMatchObject({ status: 'rolled_back' });
  expect(await statusOf(second.action_id)).toMatchObject({ status: 'rolled_back' });
});

test('a busy target lets it wait, untried, until it is free', async () => {
  service = await startService({ env });
  const { body: original } = await scaledForAWhile('busy', 60_000);
  const { body: other } = await scaledForAWhile('other', 60_000);
  const id = original.undo.scheduled_by;
  const holder = other.undo.scheduled_by;
  const key = `${original.cluster}/${namespace}/Deployment/busy`;
  // What a run that is over would hold is let go of at any time.
  await heldElsewhere(key, { by: holder, leaseMs: 3_600_000 });
  await due(id);
  await service.tick();
  await service.tick();
  const waiting = await statusOf(id);
  await service.sql`delete from target_lock`;
  await service.sql`select sweep_queue(${original.cluster})`;
  const undone = await untilOver(id);

  expect(waiting).toMatchObject({
    status: 'queued',
    message: `Waits for ${key}, which execution ${holder} (rollback) holds`,
  });
  expect(undone).toMatchObject({ status: 'completed', changed: true });
  expect(await replicasOf('busy')).toBe(1);
});

test('an API server that is away lets it wait, ever longer; after the last try it is refused', async () => {
  let away = false;
  const faults =
    (send: Fetch): Fetch =>
    (url, init) =>
      away ? Promise.reject(new TypeError('fetch failed')) : send(url, init);
  service = await startService({ env, faults });
  const { body: original } = await scaledForAWhile('away', 60_000);
  const id = original.undo.scheduled_by;
  away = true;
  await due(id);
  await service.tick();
  const first = await statusOf(id);
  await service.sql`update execution set attempts = 8, not_before = now() where id = ${id}`;
  await service.tick();
  const later = await statusOf(id);
  await service.sql`update execution set attempts = 99, not_before = now() where id = ${id}`;
  await service.tick();
  const last = await statusOf(id);

  const waitOf = ({ not_before }: { not_before: string }) => Date.parse(not_before) - Date.now();
  expect(first).toMatchObject({ status: 'queued', message: expect.stringContaining('tried again in') });
  expect(waitOf(first)).toBeLessThan(6_000);
  expect(later.status).toBe('queued');
  expect(waitOf(later)).toBeGreaterThan(200_000);
  expect(waitOf(later)).toBeLessThan(400_000);
  expect(last).toMatchObject({
    status: 'refused',
    error: { code: expect.stringMatching(/^(service_unavailable|circuit_open)$/) },
  });
  expect(await replicasOf('away')).toBe(2);
});

test(
  'a replica killed in the middle of the undo: another settles it, and the undo is complete',
  { timeout: 60_000 },
  async () => {
    service = await startService({ env });
    await createDeployment(cluster, {
      namespace,
      name: 'killed',
      replicas: 2,
      podAnnotations: { 'test/ready-after': '3s' },
    });
    const { body: original } = await service.execute('scale_for_a_while', {
      namespace,
      resource_name: 'killed',
      replicas: 1,
      for_ms: 60_000,
    });
    const id = original.undo.scheduled_by;
    const victim = await startProcess(service.databaseUrl, env);
    const audit = await auditFromNow();
    await due(id);
    await eventually(async () => expect(await audit.writes({ namespace, name: 'killed' })).toHaveLength(1));
    await victim.kill();

    const settled = await untilOver(id);

    expect(settled, JSON.stringify(settled)).toMatchObject({ status: 'completed', settled: { from: 'the cluster' } });
    expect(await audit.writes({ namespace, name: 'killed' })).toEqual(['patch deployments/scale 200']);
    expect(await statusOf(original.action_id)).toMatchObject({ status: 'rolled_back', rolled_back_by: id });
  },
);

test('a replica killed before it had sent anything: the undo goes back into the queue, and is done', async () => {
  service = await startService({ env });
  const { body: original } = await scaledForAWhile('unsent', 60_000);
  const id = original.undo.scheduled_by;
  // As a replica leaves it that dies between its claim and its first write.
  await heldElsewhere(`${original.cluster}/${namespace}/Deployment/unsent`, { by: id, leaseMs: -1_000 });

  const undone = await untilOver(id);

  expect(undone).toMatchObject({ status: 'completed', changed: true });
  expect(await replicasOf('unsent')).toBe(1);
  expect(await service.sql`select key from target_lock`).toEqual([]);
  const events = await service.sql`select type from execution_event where execution_id = ${id} order by id`;
  expect(events.map(({ type }) => type).slice(0, 3)).toEqual([
    'execution.queued',
    'execution.unknown',
    'execution.queued',
  ]);
});

test('a queued one is cancelled once, also while a replica plans it, and is not started then', async () => {
  service = await startService({ env });
  const { body: original } = await scaledForAWhile('cancelled', 60_000);
  const id = original.undo.scheduled_by;
  const { database } = service.runtime.executor;

  const first = await endQueued(database, { id }, { status: 'cancelled', message: 'Cancelled by ada' });
  const second = await endQueued(database, { id }, { status: 'cancelled', message: 'Cancelled by bob' });
  await due(id);
  await service.tick();

  expect(first).toMatchObject({ status: 'cancelled' });
  expect(second).toBeUndefined();
  expect(await statusOf(id)).toMatchObject({ status: 'cancelled', message: 'Cancelled by ada' });
  expect(await statusOf(original.action_id)).toMatchObject({ undo: { available: true, scheduled_at: null } });
  expect(await replicasOf('cancelled')).toBe(2);
});

test('an original whose undo is still queued outlives its time in the history, and can be undone', async () => {
  service = await startService({ env });
  const { body: original } = await scaledForAWhile('kept', 60_000);
  await service.sql`update execution set finished_at = now() - interval '91 days' where id = ${original.action_id}`;
  const { database } = service.runtime.executor;
  const day = 24 * 60 * 60 * 1000;

  await prune(database, { historyMs: 90 * day, idempotencyMs: day });
  await due(original.undo.scheduled_by);
  const undone = await untilOver(original.undo.scheduled_by);
  await prune(database, { historyMs: 90 * day, idempotencyMs: day });

  expect(undone).toMatchObject({ status: 'completed', changed: true });
  expect((await service.get(`/api/v1/status/${original.action_id}`)).status).toBe(404);
});
