import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Sandbox, startSandbox } from '../../src/sandbox/start.ts';
import { eventually } from '../support/cluster.ts';
import { type Replica, type ReplicaOptions, type Service, startService } from '../support/service.ts';

/** A cluster of its own: those of the suite have nodes that other tests come and go with. */
let sandbox: Sandbox;
let service: Service;
let replicas: Replica[];
const nodes = ['last-1', 'last-2', 'last-3'];

beforeAll(async () => {
  sandbox = await startSandbox({ seed: false, log: () => undefined });
  const access = { name: 'last', server: sandbox.url, skipTlsVerify: false };
  // What was read is old by the time that it is acted upon, as on a busy API server.
  const options: ReplicaOptions = {
    access,
    faults: (send) => async (url, init) => {
      if (init.method === 'PATCH') await new Promise((resolve) => setTimeout(resolve, 60));
      return await send(url, init);
    },
  };
  service = await startService(options);
  replicas = [service, await service.replica(options), await service.replica(options)];
  for (const name of nodes)
    await write('POST', '/api/v1/nodes', { apiVersion: 'v1', kind: 'Node', metadata: { name } }, 'application/json');
});

afterAll(async () => {
  await service.close();
  await sandbox.close();
});

async function write(method: string, path: string, body: object, type = 'application/merge-patch+json') {
  const response = await fetch(`${sandbox.url}${path}`, {
    method,
    headers: { 'content-type': type },
    body: JSON.stringify(body),
  });
  expect(response.ok, await response.text()).toBe(true);
}

async function schedulable(): Promise<string[]> {
  const response = await fetch(`${sandbox.url}/api/v1/nodes?fieldSelector=spec.unschedulable%3Dfalse`);
  const { items } = (await response.json()) as { items: { metadata: { name: string } }[] };
  return items.map(({ metadata }) => metadata.name);
}

async function allTakePods(): Promise<void> {
  for (const name of nodes) await write('PATCH', `/api/v1/nodes/${name}`, { spec: { unschedulable: null } });
  await eventually(async () => {
    const response = await fetch(`${sandbox.url}/api/v1/nodes`);
    const { items } = (await response.json()) as { items: { spec?: { taints?: unknown[] } }[] };
    expect(items.flatMap(({ spec }) => spec?.taints ?? [])).toEqual([]);
  });
}

test.each(['cordon_node', 'drain_node'])(
  '%s of all nodes at once through as many replicas leaves one that takes pods, each time',
  async (action) => {
    for (let round = 0; round < 8; round += 1) {
      await allTakePods();

      const answers = await Promise.all(
        nodes.map(async (node_name, index) => await replicas[index]?.execute(action, { node_name })),
      );

      const told = JSON.stringify(answers.map((answer) => answer?.body));
      const refused = answers.filter((answer) => answer?.status === 403);
      expect(
        refused.map((answer) => answer?.body.code),
        told,
      ).toEqual(['policy_denied']);
      expect(refused[0]?.body.detail).toMatch(/is the last schedulable one/);
      expect(
        answers.filter((answer) => answer?.body.status === 'completed'),
        told,
      ).toHaveLength(nodes.length - 1);
      expect(await schedulable()).toHaveLength(1);
    }
    // Of what was refused nothing is left, neither held nor recorded.
    expect(await service.sql`select key from target_lock`).toEqual([]);
    expect(await service.sql`select id from slot where execution_id is not null`).toEqual([]);
    expect(await service.sql`select id from execution where action = ${action}`).toHaveLength(8 * 2);
    expect(
      await service.sql`select 1 from execution_event where execution_id not in (select id from execution)`,
    ).toEqual([]);
  },
  120_000,
);

test("two cordons that rely on other nodes do not get in each other's way", async () => {
  await allTakePods();

  const answers = await Promise.all(
    ['last-1', 'last-2'].map(async (node_name, index) => await replicas[index]?.execute('cordon_node', { node_name })),
  );

  expect(answers.map((answer) => answer?.body.status)).toEqual(['completed', 'completed']);
});
