import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import type { ConnectedCluster } from '../../src/platform/kubernetes-connection.ts';
import { auditFromNow } from '../support/audit.ts';
import { connectTestClient, createDeployment, createNamespace, ensureNodes, eventually } from '../support/cluster.ts';
import { type PostgresLink, startPostgresLink } from '../support/postgres-link.ts';
import { type Replica, type Service, startService } from '../support/service.ts';

let cluster: ConnectedCluster;
let namespace: string;
let service: Service;
let link: PostgresLink;
/** Reaches its database over the link; the service itself does so directly. */
let replica: Replica;

beforeAll(async () => {
  cluster = await connectTestClient();
  await ensureNodes(cluster, ['node-1', 'node-2', 'node-3']);
  namespace = await createNamespace(cluster, 'postgres');
});

beforeEach(async () => {
  service = await startService();
  link = await startPostgresLink(service.databaseUrl);
  replica = await openReplica();
});

afterEach(async () => {
  await service.close();
  await link.close();
});

afterAll(async () => {
  await cluster.delete({ apiVersion: 'v1', kind: 'Namespace', name: namespace });
  await cluster.close();
});

const openReplica = (env: Record<string, string> = {}) =>
  service.replica({ env: { DATABASE_URL: link.over(service.databaseUrl), EXECUTOR_DATABASE_POOLED: 'false', ...env } });
const scale = (name: string, replicas: number) => ({ namespace, resource_name: name, replicas });
const eventsOf = async (id: string) =>
  (await service.sql<{ type: string }[]>`select type from execution_event where execution_id = ${id} order by id`).map(
    ({ type }) => type,
  );
const nothingIsHeld = async () => {
  expect(await service.sql`select key from target_lock`).toEqual([]);
  expect(await service.sql`select id from slot where execution_id is not null`).toEqual([]);
};

const inOrder = ['execution.started', 'execution.change_applied', 'execution.completed'];
/** What only the statement has in it that claims, or records, or enqueues. */
const claims = '"lease_ms"';
const records = '"status":"completed"';
const enqueues = '"status":"queued"';

test.each<['before' | 'after']>([['before'], ['after']])(
  'a claim whose connection breaks %s its commit is made once, and run once',
  async (when) => {
    const name = `claim-${when}`;
    await createDeployment(cluster, { namespace, name, replicas: 1 });
    const audit = await auditFromNow();
    link.breakAt(claims, when);

    const answer = await replica.execute('scale_deployment', scale(name, 2));

    expect(answer.body).toMatchObject({ status: 'completed', changed: true });
    expect(await audit.writes({ namespace, name })).toEqual(['patch deployments/scale 200']);
    expect(await service.sql`select id from execution`).toEqual([{ id: answer.body.action_id }]);
    expect(await eventsOf(answer.body.action_id)).toEqual(inOrder);
    await nothingIsHeld();
  },
);

test('a claim whose answer is lost is not taken for that of another request with the same id', async () => {
  await createDeployment(cluster, { namespace, name: 'same-id', replicas: 1 });
  const audit = await auditFromNow();
  link.breakAt(claims, 'after');

  const answers = await Promise.all(
    Array.from({ length: 8 }, () =>
      replica.execute('scale_deployment', scale('same-id', 2), { action_id: 'the-same-id' }),
    ),
  );

  expect(new Set(answers.map(({ body }) => body.action_id))).toEqual(new Set(['the-same-id']));
  await eventually(async () => {
    expect((await service.get('/api/v1/status/the-same-id')).body).toMatchObject({
      status: 'completed',
      changed: true,
    });
  });
  expect(await audit.writes({ namespace, name: 'same-id' })).toEqual(['patch deployments/scale 200']);
  expect(await eventsOf('the-same-id')).toEqual(inOrder);
});

test('a claim that stays untold is refused with its id; nothing is written, and the lease frees what it held', async () => {
  await createDeployment(cluster, { namespace, name: 'untold', replicas: 1 });
  const audit = await auditFromNow();
  const hasty = await openReplica({ EXECUTOR_ACTIONS_LEASE: '2s' });
  link.breakAt(claims, 'after');
  const answer = hasty.execute('scale_deployment', scale('untold', 2));
  await eventually(async () => expect(await service.sql`select id from execution`).toHaveLength(1));
  link.cut();

  const { status, body } = await answer;
  await eventually(async () => {
    await service.tick();
    await nothingIsHeld();
  });

  const settled = (await service.get(`/api/v1/status/${body.action_id}`)).body;
  expect(status).toBe(503);
  expect(body).toMatchObject({ code: 'service_unavailable', retry_at: expect.any(String) });
  expect(body.detail).toContain(`It is not known whether execution ${body.action_id} was begun`);
  expect(settled).toMatchObject({ status: 'failed', changed: false, error: { code: 'replica_lost' } });
  expect(await audit.writes({ namespace, name: 'untold' })).toEqual([]);
});

test.each<['before' | 'after']>([['before'], ['after']])(
  'an outcome whose connection breaks %s its commit is recorded once',
  async (when) => {
    const name = `record-${when}`;
    await createDeployment(cluster, { namespace, name, replicas: 1 });
    link.breakAt(records, when);

    const answer = await replica.execute('scale_deployment', scale(name, 2));

    expect(answer.body).toMatchObject({ status: 'completed', changed: true });
    expect(await eventsOf(answer.body.action_id)).toEqual(inOrder);
    await nothingIsHeld();
  },
);

test.each<['before' | 'after']>([['before'], ['after']])(
  'a run that is asked for without waiting is enqueued once, where the connection breaks %s the commit',
  async (when) => {
    const name = `queue-${when}`;
    await createDeployment(cluster, { namespace, name, replicas: 1 });
    link.breakAt(enqueues, when);

    const { status, body } = await replica.post(
      '/api/v1/execute',
      { action: 'scale_deployment', parameters: scale(name, 2) },
      { prefer: 'respond-async' },
    );

    expect(status).toBe(202);
    expect(await service.sql`select id from execution`).toEqual([{ id: body.action_id }]);
    await eventually(async () => {
      await service.tick();
      expect((await service.get(`/api/v1/status/${body.action_id}`)).body.status).toBe('completed');
    });
  },
);

test('a Postgres that refuses more connections is a 503 that says so, and is used again once it does not', async () => {
  const { role, url } = await ownRole();
  await service.sql.unsafe(`alter role ${role} connection limit 0`);
  const refused = await service.replica({ env: { DATABASE_URL: url, EXECUTOR_DATABASE_POOLED: 'false' } });

  const answers = await Promise.all([1, 2, 3].map(() => refused.execute('notify_only', { message: 'hello' })));
  await service.sql.unsafe(`alter role ${role} connection limit -1`);
  const after = await refused.execute('notify_only', { message: 'hello' });

  for (const { status, body, headers } of answers) {
    expect(status).toBe(503);
    expect(body).toMatchObject({ code: 'service_unavailable', retry_at: expect.any(String) });
    expect(Number(headers.get('retry-after'))).toBeGreaterThan(0);
  }
  expect(after.body).toMatchObject({ status: 'completed' });
});

test('what is no primary any longer is left for the one at the same address, within the same request', async () => {
  const { role, url } = await ownRole();
  await createDeployment(cluster, { namespace, name: 'failover', replicas: 1 });
  // Sessions that begin now take no writes, as those on a former primary; those to come do.
  await service.sql.unsafe(`alter role ${role} set default_transaction_read_only = on`);
  const moved = await service.replica({ env: { DATABASE_URL: url, EXECUTOR_DATABASE_POOLED: 'false' } });
  await Promise.all(Array.from({ length: 10 }, () => moved.get('/api/v1/status/nobody')));
  const standby = await moved.execute('scale_deployment', scale('failover', 2));
  await Promise.all(Array.from({ length: 10 }, () => moved.get('/api/v1/status/nobody')));
  await service.sql.unsafe(`alter role ${role} reset default_transaction_read_only`);
  await new Promise((resolve) => setTimeout(resolve, 1_100));

  const answer = await moved.execute('scale_deployment', scale('failover', 2));

  expect(standby.status).toBe(503);
  expect(standby.body.detail).toMatch(/PostgreSQL can't do it now: cannot execute .* in a read-only transaction/);
  expect(answer.body).toMatchObject({ status: 'completed', changed: true });
});

test('a run outlasts a failover, through all the time in which nothing can be written', async () => {
  await createDeployment(cluster, {
    namespace,
    name: 'outlasts',
    replicas: 1,
    podAnnotations: { 'test/ready-after': '2s' },
  });
  const audit = await auditFromNow();

  const answer = replica.execute('scale_deployment', scale('outlasts', 2));
  await eventually(async () => expect(await audit.writes({ namespace, name: 'outlasts' })).toHaveLength(1));
  link.cut();
  const refused = await replica.execute('scale_deployment', scale('outlasts', 3));
  link.heal();

  expect(refused.body).toMatchObject({ code: 'service_unavailable' });
  expect((await answer).body).toMatchObject({ status: 'completed', changed: true });
  expect(await audit.writes({ namespace, name: 'outlasts' })).toEqual(['patch deployments/scale 200']);
  await nothingIsHeld();
});

test('connections that go silent are left for new ones: the run under way keeps its lease', async () => {
  await createDeployment(cluster, {
    namespace,
    name: 'stranded',
    replicas: 0,
    podAnnotations: { 'test/ready-after': '10s' },
  });
  const leased = await openReplica({ EXECUTOR_ACTIONS_LEASE: '9s' });
  const audit = await auditFromNow();

  const answer = leased.execute('scale_deployment', scale('stranded', 1));
  await eventually(async () => expect(await audit.writes({ namespace, name: 'stranded' })).toHaveLength(1));
  link.strand();

  const { body } = await answer;
  expect(body).toMatchObject({ status: 'completed', changed: true, settled: null });
  expect(await eventsOf(body.action_id)).not.toContain('execution.unknown');
});

test('a slow Postgres makes runs slower, not wrong', async () => {
  await createDeployment(cluster, { namespace, name: 'slow', replicas: 1 });
  link.delay(300);

  const answer = await replica.execute('scale_deployment', scale('slow', 2));

  expect(answer.body).toMatchObject({ status: 'completed', changed: true });
  await nothingIsHeld();
});

test('a statement that nobody waits for any longer does not go on in Postgres', { timeout: 60_000 }, async () => {
  const held = await service.sql.reserve();
  await held`begin`;
  await held`lock table execution_event`;

  const answer = await replica.execute('notify_only', { message: 'stuck' });
  await eventually(async () => {
    // Not over the connection that holds the lock: within a transaction this view stays as it was.
    const active = await service.sql`
      select query from pg_stat_activity
      where datname = current_database() and application_name = 'executor-service' and state = 'active'`;
    expect(active).toEqual([]);
  });
  await held`rollback`;
  held.release();

  expect(answer.status).toBe(503);
  expect(await service.sql`select id from execution`).toEqual([]);
  expect((await replica.execute('notify_only', { message: 'well again' })).body.status).toBe('completed');
});

/** A role that is no superuser, which limits and settings hold for. */
async function ownRole(): Promise<{ role: string; url: string }> {
  const role = `own_${new URL(service.databaseUrl).pathname.slice(-12)}`;
  await service.sql.unsafe(`
    create role ${role} login password 'own';
    grant all on all tables in schema public to ${role};
    grant all on all sequences in schema public to ${role};`);
  const url = new URL(service.databaseUrl);
  url.username = role;
  url.password = 'own';
  return { role, url: url.href };
}
