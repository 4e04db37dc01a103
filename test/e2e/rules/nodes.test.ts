import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Sandbox, startSandbox } from '../../../src/sandbox/start.ts';
import { eventually } from '../../support/cluster.ts';
import { startPostgresLink } from '../../support/postgres-link.ts';
import { type Answer, type Replica, type ReplicaOptions, type Service, startService } from '../../support/service.ts';

/** A cluster of its own: shares of nodes are of all of them. */
let sandbox: Sandbox;
let service: Service;
let replicas: Replica[];
const members = ['etcd-1', 'etcd-2', 'etcd-3'];
const workers = Array.from({ length: 7 }, (_, index) => `worker-${index + 1}`);

const rule = (name: string, verdict: string) => [`EXECUTOR_SAFETY_RULES_${name}_VERDICT`, verdict] as const;

beforeAll(async () => {
  sandbox = await startSandbox({ seed: false, log: () => undefined });
  const options: ReplicaOptions = {
    access: { name: 'nodes', server: sandbox.url, skipTlsVerify: false },
    env: Object.fromEntries([rule('CONTROL_PLANE', 'off')]),
    // What was read is old by the time that it is acted upon, as on a busy API server.
    faults: (send) => async (url, init) => {
      if (init.method === 'PATCH') await new Promise((resolve) => setTimeout(resolve, 60));
      return await send(url, init);
    },
  };
  service = await startService(options);
  replicas = [service, await service.replica(options)];
  for (const name of members)
    await write('POST', '/api/v1/nodes', {
      apiVersion: 'v1',
      kind: 'Node',
      metadata: { name, labels: { 'node-role.kubernetes.io/control-plane': '' } },
    });
  for (const name of workers)
    await write('POST', '/api/v1/nodes', { apiVersion: 'v1', kind: 'Node', metadata: { name } });
  await allReady();
});

afterAll(async () => {
  await service.close();
  await sandbox.close();
});

async function write(method: string, path: string, body: object, type = 'application/json') {
  const response = await fetch(`${sandbox.url}${path}`, {
    method,
    headers: { 'content-type': type },
    body: JSON.stringify(body),
  });
  expect(response.ok, await response.text()).toBe(true);
}

async function cordon(name: string, unschedulable: true | null): Promise<void> {
  await write('PATCH', `/api/v1/nodes/${name}`, { spec: { unschedulable } }, 'application/merge-patch+json');
}

async function allReady(): Promise<void> {
  for (const name of [...members, ...workers]) await cordon(name, null);
  await eventually(async () => {
    const response = await fetch(`${sandbox.url}/api/v1/nodes`);
    const { items } = (await response.json()) as {
      items: { spec?: { taints?: unknown[] }; status?: { conditions?: { type: string; status: string }[] } }[];
    };
    expect(items.flatMap(({ spec }) => spec?.taints ?? [])).toEqual([]);
    expect(
      items.filter(({ status }) =>
        status?.conditions?.some(({ type, status: now }) => type === 'Ready' && now === 'True'),
      ),
    ).toHaveLength(items.length);
  });
}

const outcomes = (answers: readonly Answer[]): string[] =>
  answers.map(({ body }) => body.code ?? body.status).toSorted((a: string, b: string) => a.localeCompare(b));

test.each(['cordon_node', 'drain_node'])(
  '%s of two of three nodes of the control plane at once through two replicas: one passes, so that a majority stays',
  async (action) => {
    for (let round = 0; round < 6; round += 1) {
      await allReady();

      const answers = await Promise.all(
        replicas.map(async (replica, index) => await replica.execute(action, { node_name: members[index] })),
      );

      expect(outcomes(answers), JSON.stringify(answers.map(({ body }) => body))).toEqual([
        'completed',
        'policy_denied',
      ]);
      expect(answers.find(({ status }) => status === 403)?.body.detail).toMatch(
        /can't be spared: of 3 nodes with the label node-role.kubernetes.io\/control-plane 1 would stay ready and open, and their majority is 2/,
      );
    }
  },
);

describe('a node of the control plane that was read as open, and is taken by another before the claim', () => {
  const bothTold = (answers: readonly Answer[]) => JSON.stringify(answers.map(({ body }) => body));

  test('while the claim waits for its turn in PostgreSQL', async () => {
    await allReady();
    const held = await service.sql.reserve();
    await held`select pg_advisory_lock(hashtextextended('request:late', 0))`;

    const late = service.execute('cordon_node', { node_name: 'etcd-1' }, { action_id: 'late' });
    await eventually(async () => {
      const waiting = await service.sql`select from pg_locks l join pg_database d on d.oid = l.database
        where l.locktype = 'advisory' and not l.granted and d.datname = current_database()`;
      expect(waiting).toHaveLength(1);
    });
    const soon = await replicas[1]?.execute('cordon_node', { node_name: 'etcd-2' });
    await new Promise((resolve) => setTimeout(resolve, 200));
    await held`select pg_advisory_unlock(hashtextextended('request:late', 0))`;
    held.release();

    expect(soon?.body).toMatchObject({ status: 'completed' });
    expect(outcomes([await late]), bothTold([await late])).toEqual(['policy_denied']);
  });

  test('while the claim is on its way to PostgreSQL', async () => {
    const link = await startPostgresLink(service.databaseUrl);
    try {
      const far = await service.replica({ env: { DATABASE_URL: link.over(service.databaseUrl) } });
      await far.get('/readyz');
      await allReady();
      link.delay(150);

      const late = far.execute('cordon_node', { node_name: 'etcd-1' });
      const soon = await service.execute('cordon_node', { node_name: 'etcd-2' });

      expect(soon.body).toMatchObject({ status: 'completed' });
      expect(outcomes([await late]), bothTold([await late])).toEqual(['policy_denied']);
    } finally {
      await link.close();
    }
  });
});

test('nodes that others have cordoned count for the share, also where two more are taken at once', async () => {
  const env = Object.fromEntries([
    rule('BLAST_RADIUS', 'deny'),
    ['EXECUTOR_SAFETY_RULES_BLAST_RADIUS_NODE_SHARE', '0.3'],
  ]);
  const both = [await service.replica({ env }), await service.replica({ env })];
  for (let round = 0; round < 6; round += 1) {
    await service.sql`update execution set finished_at = finished_at - interval '1 hour'`;
    await allReady();
    for (const name of workers.slice(0, 2)) await cordon(name, true);

    const answers = await Promise.all(
      both.map(async (replica, index) => await replica.execute('drain_node', { node_name: workers[index + 2] })),
    );

    const told = JSON.stringify(answers.map(({ body }) => body));
    expect(outcomes(answers), told).toEqual(['blast_radius_exceeded', 'completed']);
    expect(answers.find(({ status }) => status === 409)?.body.detail, told).toMatch(
      /^3 nodes are out of service or have been changed within 10m, and 3 may be/,
    );
  }

  await service.sql`update execution set finished_at = finished_at - interval '1 hour'`;
  const full = await both[0]?.execute('cordon_node', { node_name: 'worker-6' });
  expect(full, JSON.stringify(full?.body)).toMatchObject({ status: 409, body: { code: 'blast_radius_exceeded' } });
  // When somebody brings one back nobody knows.
  expect(full?.body.retry_at).toBeUndefined();
});

test('one node may always be taken out of service within the window; to open one is always allowed', async () => {
  const limited = (share: string) =>
    service.replica({
      env: Object.fromEntries([rule('BLAST_RADIUS', 'deny'), ['EXECUTOR_SAFETY_RULES_BLAST_RADIUS_NODE_SHARE', share]]),
    });
  await service.sql`update execution set finished_at = finished_at - interval '1 hour'`;
  await allReady();
  const narrow = await limited('0');
  const [first = '', second = ''] = workers;
  const cordonBy = async (replica: Replica, action: string, node_name: string) =>
    (await replica.execute(action, { node_name })).body;

  expect(await cordonBy(narrow, 'cordon_node', first)).toMatchObject({ status: 'completed' });
  for (const action of ['cordon_node', 'drain_node'])
    expect(await cordonBy(narrow, action, second)).toMatchObject({
      code: 'blast_radius_exceeded',
      detail: expect.stringMatching(/^1 nodes are out of service or have been changed within 10m, and 1 may be/),
    });
  expect(await cordonBy(narrow, 'uncordon_node', first)).toMatchObject({ status: 'completed' });
  expect(await cordonBy(narrow, 'cordon_node', first)).toMatchObject({ status: 'completed' });
  expect(await cordonBy(await limited('1'), 'cordon_node', second)).toMatchObject({ status: 'completed' });
});
