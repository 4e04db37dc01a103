import { afterAll, beforeAll, expect, test } from 'vitest';
import type { ConnectedCluster } from '../../src/platform/kubernetes-connection.ts';
import { connectTestClient, createDeployment, createNamespace, ensureNodes, eventually } from '../support/cluster.ts';
import { startService } from '../support/service.ts';

let cluster: ConnectedCluster;
let namespace: string;

beforeAll(async () => {
  cluster = await connectTestClient();
  await ensureNodes(cluster, ['node-1']);
  namespace = await createNamespace(cluster, 'contention');
  await createDeployment(cluster, { namespace, name: 'web', replicas: 1 });
});

afterAll(async () => {
  await cluster.delete({ apiVersion: 'v1', kind: 'Namespace', name: namespace });
  await cluster.close();
});

test('a claim that finds every slot taken does not wait for whoever is taking or freeing one', async () => {
  const service = await startService({
    env: { EXECUTOR_ACTIONS_MAX_CONCURRENT: '1', EXECUTOR_ACTIONS_WAIT_FOR_SLOT: '500ms' },
  });
  await service.sql`insert into slot (id) values (1)`;
  const other = await service.sql.reserve();
  await other`begin`;
  await other`update slot set execution_id = 'another' where id = 1`;

  const answer = await service.execute('scale_deployment', { namespace, resource_name: 'web', replicas: 2 });

  expect(answer.body).toMatchObject({ code: 'capacity_exhausted' });
  await other`rollback`;
  other.release();
  await service.close();
});

test('whoever Postgres chooses to end a deadlock tries again, within the same request', async () => {
  const service = await startService();
  const other = await service.sql.reserve();
  await other`begin`;
  const [own] = await other<{ pid: number }[]>`select pg_backend_pid() as pid`;
  const key = `${cluster.name}/${namespace}/Deployment/web`;
  await other`select pg_advisory_xact_lock(hashtextextended(${`target:${key}`}, 0))`;

  const answer = service.execute('scale_deployment', { namespace, resource_name: 'web', replicas: 2 });
  await eventually(async () => {
    const waiting = await service.sql`
      select from pg_stat_activity where ${own?.pid ?? 0}::int = any (pg_blocking_pids(pid))`;
    expect(waiting).toHaveLength(1);
  });
  // Every claim shares this lock: now each waits for the other, and the claim has waited for longer.
  await other`select pg_advisory_xact_lock(hashtextextended('stops', 0))`;
  await other`commit`;
  other.release();

  expect((await answer).body).toMatchObject({ status: 'completed', changed: true });
  const [deadlocks] = await service.sql<{ n: number }[]>`
    select deadlocks::int as n from pg_stat_database where datname = current_database()`;
  expect(deadlocks?.n).toBe(1);
  await service.close();
});
