import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import type { ConnectedCluster } from '../../src/platform/kubernetes-connection.ts';
import { readGauges } from '../../src/database/gauges.ts';
import { auditFromNow } from '../support/audit.ts';
import { connectTestClient, createDeployment, createNamespace, ensureNodes, eventually } from '../support/cluster.ts';
import { runningLoop } from '../support/loop.ts';
import { type Answer, type Replica, type Service, startService } from '../support/service.ts';

const later = { prefer: 'respond-async' };
const env = { EXECUTOR_ACTIONS_LEASE: '3s' };

let cluster: ConnectedCluster;
let namespace: string;
let service: Service;

beforeAll(async () => {
  cluster = await connectTestClient();
  await ensureNodes(cluster, ['node-1', 'node-2', 'node-3']);
  namespace = await createNamespace(cluster, 'async');
});

afterEach(async () => {
  await service.close();
});

afterAll(async () => {
  await cluster.delete({ apiVersion: 'v1', kind: 'Namespace', name: namespace });
  await cluster.close();
});

/** Posts an action of the second request shape with these headers. */
function ask(
  action: string,
  parameters: Record<string, unknown>,
  {
    headers = later,
    replica = service,
    ...more
  }: Record<string, unknown> & { headers?: object; replica?: Replica } = {},
): Promise<Answer> {
  return replica.post('/api/v1/execute', { action, parameters, ...more }, { ...headers });
}

function scaled(name: string, replicas: number, more: Parameters<typeof ask>[2] = {}): Promise<Answer> {
  return ask('scale_deployment', { namespace, resource_name: name, replicas }, more);
}

function told(message: string, more: Parameters<typeof ask>[2] = {}): Promise<Answer> {
  return ask('notify_only', { message }, more);
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

async function eventsOf(id: string): Promise<string[]> {
  const events = await service.sql<{ type: string }[]>`
    select type from execution_event where execution_id = ${id} order by id`;
  return events.map(({ type }) => type);
}

/** A Deployment whose rollouts take some seconds, and a restart of it that is under way. */
async function busy(name: string): Promise<{ id: string; ended: Promise<Answer> }> {
  await createDeployment(cluster, { namespace, name, replicas: 1, podAnnotations: { 'test/ready-after': '1s' } });
  const id = `restart-of-${name}`;
  const ended = service.execute('restart_deployment', { namespace, resource_name: name }, { action_id: id });
  await eventually(async () => expect(await statusOf(id)).toMatchObject({ status: 'running' }));
  return { id, ended };
}

test('respond-async is answered at once with where to ask; the run comes about in its turn, with one write', async () => {
  service = await startService({ env });
  await createDeployment(cluster, { namespace, name: 'web', replicas: 1 });
  const audit = await auditFromNow();

  const answer = await scaled('web', 2);
  const waiting = await statusOf(answer.body.action_id);
  const unwritten = await audit.writes({ namespace, name: 'web' });
  await service.tick();

  expect(answer.status, JSON.stringify(answer.body)).toBe(202);
  expect(answer.headers.get('location')).toBe(`/api/v1/status/${answer.body.action_id}`);
  expect(answer.headers.get('retry-after')).toBe('1');
  expect(answer.headers.get('preference-applied')).toBe('respond-async');
  expect(answer.body).toMatchObject({
    status: 'queued',
    success: false,
    message: 'Waits for its turn',
    started_at: null,
    deadline: null,
    changes: [{ status: 'pending', summary: expect.stringContaining('2') }],
    links: { cancel: `/api/v1/executions/${answer.body.action_id}/cancel` },
  });
  expect(waiting).toMatchObject({ status: 'queued', created_at: answer.body.created_at });
  expect(unwritten).toEqual([]);
  const done = await statusOf(answer.body.action_id);
  expect(done, JSON.stringify(done)).toMatchObject({ status: 'completed', success: true, changed: true });
  expect(done.created_at).toBe(answer.body.created_at);
  // The time that it may take begins with its start.
  expect(Date.parse(done.deadline)).toBeGreaterThan(Date.parse(done.started_at));
  expect(await audit.writes({ namespace, name: 'web' })).toEqual(['patch deployments/scale 200']);
  expect(await eventsOf(answer.body.action_id)).toEqual([
    'execution.queued',
    'execution.started',
    'execution.change_applied',
    'execution.completed',
  ]);
});

test('wait=N answers with the end where that comes in time, else with where to ask', async () => {
  service = await startService({ env });
  await createDeployment(cluster, { namespace, name: 'waited', replicas: 1 });

  const early = await scaled('waited', 2, { headers: { prefer: 'wait=1' } });
  await using _ = runningLoop(service);
  const inTime = await scaled('waited', 3, { headers: { prefer: 'respond-async, wait=20' } });

  expect(early.status).toBe(202);
  expect(early.headers.get('preference-applied')).toBe('wait=1');
  expect(early.body).toMatchObject({ status: 'queued' });
  expect(inTime.status, JSON.stringify(inTime.body)).toBe(200);
  expect(inTime.headers.get('preference-applied')).toBe('respond-async, wait=20');
  expect(inTime.body).toMatchObject({ status: 'completed', changed: true });
});

test.each([
  ['a preference that is not known', 'return=minimal'],
  ['a wait that is no number', 'wait=soon'],
  ['nothing', ''],
])('%s is as if it were not there: the answer is the end', async (_, prefer) => {
  service = await startService({ env });

  const answer = await told('hello', { headers: { prefer } });

  expect(answer.status).toBe(200);
  expect(answer.headers.get('preference-applied')).toBeNull();
  expect(answer.body).toMatchObject({ status: 'completed' });
});

test('what is refused at once is refused asynchronously too, and nothing is queued', async () => {
  service = await startService({ env: { ...env, EXECUTOR_ACTIONS_COOLDOWN_PERIOD: '60s' } });
  await createDeployment(cluster, { namespace, name: 'refused', replicas: 1 });
  const done = await scaled('refused', 2, { headers: {} });

  const cooling = await scaled('refused', 3);
  const absent = await scaled('not-there', 3);
  const wrong = await scaled('refused', -1);
  const unknown = await ask('scale_deploymint', {});

  expect(done.body).toMatchObject({ status: 'completed' });
  expect([cooling, absent, wrong, unknown].map(({ status, body }) => `${status} ${body.code}`)).toEqual([
    '429 cooldown_active',
    '404 target_not_found',
    '422 validation_failed',
    '422 unknown_action',
  ]);
  expect(cooling.body.retry_at).toEqual(expect.any(String));
  expect(await service.sql`select id from execution where id <> ${done.body.action_id}`).toEqual([]);
});

test('the same key again, before, while and after: the same execution on any replica; another body is refused', async () => {
  service = await startService({ env });
  const other = await service.replica();
  await createDeployment(cluster, { namespace, name: 'again', replicas: 1 });
  const headers = { ...later, 'idempotency-key': 'key-1' };
  const audit = await auditFromNow();

  const answers = await Promise.all(
    Array.from({ length: 20 }, (_, n) => scaled('again', 2, { headers, replica: n % 2 ? other : service })),
  );
  const differs = await scaled('again', 3, { headers, replica: other });
  await Promise.all([service.tick(), other.tick()]);
  const after = await scaled('again', 2, { headers, replica: other });
  const plainly = await scaled('again', 2, { headers: { 'idempotency-key': 'key-1' } });

  expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([202]));
  expect(new Set(answers.map(({ body }) => body.action_id)).size).toBe(1);
  expect(answers.filter(({ headers: h }) => h.get('idempotent-replayed') === 'true')).toHaveLength(19);
  expect(differs.status).toBe(422);
  expect(differs.body).toMatchObject({ code: 'validation_failed', action_id: answers[0]?.body.action_id });
  expect(after.status).toBe(200);
  expect(after.headers.get('idempotent-replayed')).toBe('true');
  expect(after.body).toMatchObject({ action_id: answers[0]?.body.action_id, status: 'completed' });
  expect(plainly.body).toEqual(after.body);
  expect(await audit.writes({ namespace, name: 'again' })).toEqual(['patch deployments/scale 200']);
});

test('a target that is busy is waited for, by name of its holder, and started when it is free', async () => {
  service = await startService({ env });
  await using _ = runningLoop(service);
  const { id, ended } = await busy('busy');

  const answer = await scaled('busy', 2);
  const waiting = await statusOf(answer.body.action_id);
  const first = await ended;
  const second = await untilOver(answer.body.action_id);

  expect(answer.status).toBe(202);
  expect(waiting).toMatchObject({
    status: 'queued',
    message: `Waits for ${first.body.cluster}/${namespace}/Deployment/busy, which execution ${id} (restart_deployment) holds`,
  });
  expect(first.body).toMatchObject({ status: 'completed' });
  expect(second, JSON.stringify(second)).toMatchObject({ status: 'completed', changed: true });
  expect(Date.parse(second.started_at)).toBeGreaterThanOrEqual(Date.parse(first.body.finished_at));
});

test('what waits for a busy target is cancelled at once, and is not started then', async () => {
  service = await startService({ env });
  const { ended } = await busy('given-up');
  const audit = await auditFromNow();

  const answer = await scaled('given-up', 2);
  const cancelled = await service.post(answer.body.links.cancel, { reason: 'not needed' });
  await ended;
  await service.tick();

  expect(cancelled.status).toBe(200);
  expect(cancelled.body).toMatchObject({ status: 'cancelled', message: 'Cancelled: not needed', changed: false });
  expect(await statusOf(answer.body.action_id)).toMatchObject({ status: 'cancelled', started_at: null });
  expect(await audit.writes({ namespace, name: 'given-up' })).toEqual([]);
});

test(
  'many for one object come about one after another, none is forgotten, and none overlaps',
  { timeout: 60_000 },
  async () => {
    service = await startService({ env });
    const other = await service.replica();
    await createDeployment(cluster, { namespace, name: 'row', replicas: 1 });
    await using _ = runningLoop(service);
    await using __ = runningLoop(other);

    const answers = [];
    for (let n = 0; n < 12; n += 1)
      answers.push(await scaled('row', 1 + (n % 3), { replica: n % 2 ? other : service }));
    const done = await Promise.all(answers.map(({ body }) => untilOver(body.action_id)));

    expect(done.map(({ status, error }) => error?.message ?? status)).toEqual(done.map(() => 'completed'));
    const runs = done
      .filter(({ changed }) => changed)
      .map(({ started_at, finished_at }) => [Date.parse(started_at), Date.parse(finished_at)] as const)
      .sort(([a], [b]) => a - b);
    expect(runs.length).toBeGreaterThan(2);
    for (const [n, [start]] of runs.entries()) expect(start).toBeGreaterThanOrEqual(runs[n - 1]?.[1] ?? 0);
    expect(await service.sql`select key from target_lock`).toEqual([]);
    expect(await service.sql`select id from slot where execution_id is not null`).toEqual([]);
  },
);

test('three replicas that look all the time start each of forty once', { timeout: 60_000 }, async () => {
  service = await startService({ env });
  const replicas = [service, await service.replica(), await service.replica()];
  const names = ['once-a', 'once-b', 'once-c', 'once-d'];
  for (const name of names) await createDeployment(cluster, { namespace, name, replicas: 0 }, { ready: false });
  const audit = await auditFromNow();

  const answers = [];
  for (const name of names) answers.push(await scaled(name, 1));
  for (let n = 0; n < 36; n += 1) answers.push(await told(`number ${n}`));
  await Promise.all([...replicas, ...replicas, ...replicas, ...replicas].map((replica) => replica.tick()));
  const done = await Promise.all(answers.map(({ body }) => untilOver(body.action_id)));

  expect(done.map(({ status, error }) => error?.message ?? status)).toEqual(done.map(() => 'completed'));
  const twice = await service.sql`
    select execution_id from execution_event where type in ('execution.started', 'execution.completed')
    group by execution_id, type having count(*) > 1`;
  expect(twice).toEqual([]);
  // A controller may have written to a new Deployment in between; that attempt has changed nothing.
  for (const name of names) {
    const writes = await audit.writes({ namespace, name });
    expect(writes.filter((write) => !write.endsWith(' 409'))).toEqual(['patch deployments/scale 200']);
  }
});

test(
  'no more run at a time than there are slots; the others wait without being refused',
  { timeout: 60_000 },
  async () => {
    service = await startService({ env: { ...env, EXECUTOR_ACTIONS_MAX_CONCURRENT: '2' } });
    const other = await service.replica();
    const names = ['slot-a', 'slot-b', 'slot-c', 'slot-d', 'slot-e'];
    for (const name of names) await createDeployment(cluster, { namespace, name, replicas: 0 }, { ready: false });

    const answers = await Promise.all(names.map((name) => scaled(name, 1)));
    await using _ = runningLoop(service);
    await using __ = runningLoop(other);
    const done = await Promise.all(answers.map(({ body }) => untilOver(body.action_id)));

    expect(done.map(({ status, error }) => error?.message ?? status)).toEqual(done.map(() => 'completed'));
    const edges = done
      .flatMap(({ started_at, finished_at }) => [
        { at: Date.parse(started_at), step: 1 },
        { at: Date.parse(finished_at), step: -1 },
      ])
      .sort((a, b) => a.at - b.at || a.step - b.step);
    let running = 0;
    let most = 0;
    for (const { step } of edges) most = Math.max(most, (running += step));
    expect(most).toBe(2);
  },
);

test('the most urgent first, of those the oldest; what has waited half a minute before everything younger', async () => {
  service = await startService({ env: { ...env, EXECUTOR_ACTIONS_MAX_CONCURRENT: '1' } });
  const ids: Record<string, string> = {};
  for (const [name, priority] of Object.entries({
    low: 9,
    usual: 5,
    'usual too': 5,
    urgent: 1,
    forgotten: 9,
    older: 5,
  })) {
    const { body } = await told(name, { metadata: {}, priority });
    expect(body, JSON.stringify(body)).toMatchObject({ status: 'queued', priority });
    ids[name] = body.action_id;
  }
  await service.sql`update execution set due_at = due_at - interval '31 seconds' where id = ${ids['forgotten'] ?? ''}`;
  await service.sql`update execution set due_at = due_at - interval '35 seconds' where id = ${ids['older'] ?? ''}`;

  for (let n = 0; n < 6; n += 1) await service.tick();

  const started = await service.sql<{ id: string }[]>`select id from execution order by fence`;
  const nameOf = Object.fromEntries(Object.entries(ids).map(([name, id]) => [id, name]));
  expect(started.map(({ id }) => nameOf[id])).toEqual(['older', 'forgotten', 'urgent', 'usual', 'usual too', 'low']);
});

test('the metrics tell how many wait whose time has come, and for how long the first has', async () => {
  service = await startService({ env });
  const { database } = service.runtime.executor;
  const none = await readGauges(database);
  const { body } = await told('first');
  await told('second');
  await told('not yet', { not_before: new Date(Date.now() + 3_600_000).toISOString() });
  await service.sql`update execution set due_at = due_at - interval '40 seconds' where id = ${body.action_id}`;

  const some = await readGauges(database);
  await service.tick();
  const after = await readGauges(database);

  expect(none).toMatchObject({ queueDepth: 0, queueOldestSeconds: 0 });
  expect(some.queueDepth).toBe(2);
  expect(some.queueOldestSeconds).toBeGreaterThanOrEqual(40);
  expect(some.queueOldestSeconds).toBeLessThan(100);
  expect(after).toMatchObject({ queueDepth: 0, queueOldestSeconds: 0 });
});

test('not_before: waits for its time by the database, says so, and starts then', async () => {
  service = await startService({ env });
  await using _ = runningLoop(service);
  const [{ now } = { now: new Date() }] = await service.sql<{ now: Date }[]>`select clock_timestamp() as now`;
  const past = await told('at once', { headers: {}, not_before: new Date(now.getTime() - 60_000).toISOString() });
  const doneAtOnce = await untilOver(past.body.action_id);
  const notBefore = new Date(Date.parse(doneAtOnce.finished_at) + 1_500).toISOString();

  const answer = await told('later', { headers: {}, not_before: notBefore });
  const done = await untilOver(answer.body.action_id);

  expect(answer.status, JSON.stringify(answer.body)).toBe(202);
  expect(answer.body).toMatchObject({ status: 'queued', not_before: notBefore, message: `Waits until ${notBefore}` });
  expect(done.status).toBe('completed');
  expect(Date.parse(done.started_at)).toBeGreaterThanOrEqual(Date.parse(notBefore));
  expect(past.status).toBe(202);
  expect(doneAtOnce.status).toBe('completed');
});

test('what is scheduled is planned anew at its time: what is done by then is not done again, what is gone is refused', async () => {
  service = await startService({ env });
  const soon = new Date(Date.now() + 3_600_000).toISOString();
  for (const name of ['same', 'gone']) await createDeployment(cluster, { namespace, name, replicas: 1 });
  const same = await scaled('same', 2, { not_before: soon });
  const gone = await scaled('gone', 2, { not_before: soon });
  const audit = await auditFromNow();

  await cluster.patch(
    { apiVersion: 'apps/v1', kind: 'Deployment', namespace, name: 'same' },
    { type: 'merge', body: { spec: { replicas: 2 } } },
  );
  await cluster.delete({ apiVersion: 'apps/v1', kind: 'Deployment', namespace, name: 'gone' });
  await service.sql`update execution set not_before = now() where status = 'queued'`;
  await service.tick();

  expect(await statusOf(same.body.action_id)).toMatchObject({ status: 'completed', changed: false });
  expect(await statusOf(gone.body.action_id)).toMatchObject({
    status: 'refused',
    success: false,
    error: { code: 'target_not_found', message: expect.stringContaining('gone') },
  });
  expect(await audit.writes({ namespace, userAgent: 'executor-service' })).toEqual([]);
});

test('a dry run and a rollback are queued too', async () => {
  service = await startService({ env });
  await createDeployment(cluster, { namespace, name: 'tried', replicas: 1 });
  const done = await scaled('tried', 2, { headers: {} });
  const audit = await auditFromNow();

  const dry = await scaled('tried', 3, { dry_run: true });
  await service.tick();
  const unwritten = await audit.writes({ namespace, name: 'tried', userAgent: 'executor-service' });
  const undo = await service.post(done.body.links.rollback, undefined, later);
  await service.tick();

  expect(dry.status).toBe(202);
  expect(await statusOf(dry.body.action_id)).toMatchObject({ status: 'completed', dry_run: true, changed: false });
  expect(unwritten).toEqual([]);
  expect(undo.status, JSON.stringify(undo.body)).toBe(202);
  expect(undo.body).toMatchObject({ status: 'queued', action: 'rollback', rollback_of: done.body.action_id });
  expect(await statusOf(undo.body.action_id)).toMatchObject({ status: 'completed', changed: true });
  expect(await statusOf(done.body.action_id)).toMatchObject({ status: 'rolled_back' });
});

test('a replica that dies while it plans what it took: another takes it when the lease ends', async () => {
  service = await startService({ env });
  const { body } = await told('taken');
  // As a replica leaves it that dies between taking it and its claim.
  await service.sql`update execution set waits_for = '@start', holder = 'dead', fence = nextval('fence'), attempts = 1,
    lease_until = now() + interval '1 second' where id = ${body.action_id}`;

  await service.tick();
  const early = await statusOf(body.action_id);
  await using _ = runningLoop(service);
  const done = await untilOver(body.action_id);

  expect(early).toMatchObject({ status: 'queued' });
  expect(done).toMatchObject({ status: 'completed' });
});
