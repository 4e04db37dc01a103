import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Ground, openGround } from '../scenarios/ground.ts';
import { ownNodes } from '../scenarios/own-nodes.ts';
import { eventually } from '../support/cluster.ts';
import { type ReplicaProcess, startProcess } from '../support/process.ts';
import { type Service, startService } from '../support/service.ts';

const leaseMs = 2_000;
const env = { EXECUTOR_ACTIONS_LEASE: `${leaseMs}ms` };

let ground: Ground;
let service: Service;
let other: ReplicaProcess;

beforeAll(async () => {
  ground = await openGround('orphan');
  service = await startService({ env });
  // Its loop is the one that finds them; nothing here ticks.
  other = await startProcess(service.databaseUrl, env);
});

afterAll(async () => {
  await other.stop();
  await service.close();
  await ground.close();
});

/** Begins a run on a replica that is killed once `begun` holds. Gives the end of the lease that it leaves behind. */
async function orphaned(
  body: { action_id: string } & Record<string, unknown>,
  begun: () => Promise<void>,
): Promise<Date> {
  const victim = await startProcess(service.databaseUrl, env);
  const cut = fetch(`${victim.url}/api/v1/execute`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  }).catch(() => undefined);
  await eventually(begun);
  await victim.kill();
  await cut;
  const [row] = await service.sql<{ lease_until: Date; holder: string }[]>`
    select lease_until, holder from execution where id = ${body.action_id} and status = 'running'`;
  if (!row) throw new Error(`${body.action_id} was over before its replica was killed`);
  return row.lease_until;
}

/** How long after that moment, by the database's clock, the event came that tells of it. */
async function afterMs(id: string, type: string, moment: Date): Promise<number> {
  return await eventually(async () => {
    const [event] = await service.sql<{ at: Date }[]>`
      select at from execution_event where execution_id = ${id} and type = ${type}`;
    if (!event) throw new Error(`${id} has no event ${type}`);
    return event.at.getTime() - moment.getTime();
  });
}

async function changesOf(id: string): Promise<{ status: string }[]> {
  const { body } = await service.get(`/api/v1/status/${id}`);
  return body.changes ?? [];
}

// A busy machine delays it; whoever waits for the deadline of the run, or for another start, takes far longer.
const longestMs = 15_000;

test('a rollout whose replica is killed is settled soon after the end of its lease', async () => {
  const web = await ground.workload('Deployment', { replicas: 0, podAnnotations: { 'test/ready-after': '3s' } });

  const id = ground.name('orphan');
  const parameters = { namespace: ground.namespace, resource_name: web.name, replicas: 2 };
  const leaseUntil = await orphaned({ action_id: id, action: 'scale_deployment', parameters }, async () => {
    const { spec } = await ground.read(web);
    expect(spec).toMatchObject({ replicas: 2 });
  });
  const unknownMs = await afterMs(id, 'execution.unknown', leaseUntil);
  const settledMs = await afterMs(id, 'execution.settled', leaseUntil);

  console.log(`rollout: unknown ${unknownMs} ms and settled ${settledMs} ms after the end of the lease`);
  expect(unknownMs).toBeGreaterThanOrEqual(0);
  expect(settledMs).toBeLessThan(longestMs);
  const { body } = await service.get(`/api/v1/status/${id}`);
  expect(body).toMatchObject({ status: 'completed', changed: true, settled: { from: 'the cluster' } });
  expect(await service.sql`select key from target_lock`).toEqual([]);
});

test('a drain whose replica is killed is settled soon after the end of its lease, saying how far it came', async () => {
  const own = ownNodes(ground);
  const node = await own.node();
  const held = await ground.workload('Deployment', { replicas: 2, podSpec: own.podSpec });
  await ground.workload('Deployment', { replicas: 2, podSpec: own.podSpec });
  await ground.create({
    apiVersion: 'policy/v1',
    kind: 'PodDisruptionBudget',
    metadata: { name: ground.name('budget'), namespace: ground.namespace },
    spec: { minAvailable: 2, selector: { matchLabels: { app: held.name } } },
  });
  await own.node();

  const id = ground.name('orphan');
  const parameters = { node_name: node.name };
  const leaseUntil = await orphaned({ action_id: id, action: 'drain_node', parameters }, async () => {
    const applied = (await changesOf(id)).filter(({ status }) => status === 'applied');
    expect(applied).toHaveLength(3);
  });
  const unknownMs = await afterMs(id, 'execution.unknown', leaseUntil);
  const settledMs = await afterMs(id, 'execution.settled', leaseUntil);

  console.log(`drain: unknown ${unknownMs} ms and settled ${settledMs} ms after the end of the lease`);
  expect(settledMs).toBeLessThan(longestMs);
  const { body } = await service.get(`/api/v1/status/${id}`);
  expect(body).toMatchObject({ status: 'failed', changed: true, settled: { from: 'the cluster' } });
  expect(body.message).toMatch(/3 of 5 changes had taken effect/);
});

test(
  'a run that goes silent shortly before its deadline is settled by the first look',
  { timeout: 60_000 },
  async () => {
    const web = await ground.workload('Deployment', { replicas: 0, podAnnotations: { 'test/ready-after': '60s' } });

    const id = ground.name('orphan');
    const parameters = { namespace: ground.namespace, resource_name: web.name, replicas: 1 };
    await orphaned({ action_id: id, action: 'scale_deployment', parameters }, async () => {
      const { spec } = await ground.read(web);
      expect(spec).toMatchObject({ replicas: 1 });
    });
    const [before] = await service.sql<{ fence: number }[]>`
    update execution set deadline = lease_until + interval '1.4004 seconds' where id = ${id} returning fence::int`;
    const after = await eventually(async () => {
      const [row] = await service.sql<{ fence: number; status: string }[]>`
      select fence::int, status from execution where id = ${id}`;
      expect(row?.status).toBe('failed');
      return row;
    });

    // Each look takes the run over, and so has a number of its own.
    expect(after?.fence).toBe((before?.fence ?? 0) + 1);
  },
);
