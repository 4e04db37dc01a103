import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import postgres from 'postgres';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { ConnectedCluster } from '../../src/platform/kubernetes-connection.ts';
import { migrateDatabase } from '../../src/platform/migrate.ts';
import { migrationsFolder } from '../../src/platform/version.ts';
import { type ChaosPostgres, startChaosPostgres } from '../chaos/chaos-postgres.ts';
import { auditFromNow } from '../support/audit.ts';
import { connectTestClient, createDeployment, createNamespace, ensureNodes, eventually } from '../support/cluster.ts';
import { type Service, startService } from '../support/service.ts';

let cluster: ConnectedCluster;
let namespace: string;
let server: ChaosPostgres;
let service: Service;

beforeAll(async () => {
  cluster = await connectTestClient();
  await ensureNodes(cluster, ['node-1', 'node-2', 'node-3']);
  namespace = await createNamespace(cluster, 'restart');
  server = await startChaosPostgres(await mkdtemp(join(tmpdir(), 'restarted-')));
  await migrateDatabase({ url: server.url(), folder: migrationsFolder });
  service = await startService();
});

afterAll(async () => {
  await service.close();
  await server.close();
  await cluster.delete({ apiVersion: 'v1', kind: 'Namespace', name: namespace });
  await cluster.close();
});

const scale = (name: string, replicas: number) => ({ namespace, resource_name: name, replicas });

test.each<['immediate' | 'killed']>([['immediate'], ['killed']])(
  'Postgres is %s and started again in the middle of a run: it ends as it should, recorded once, with nothing held',
  async (how) => {
    const replica = await service.replica({ env: { DATABASE_URL: server.url(), EXECUTOR_DATABASE_POOLED: 'false' } });
    await createDeployment(cluster, {
      namespace,
      name: how,
      replicas: 1,
      podAnnotations: { 'test/ready-after': '3s' },
    });
    const audit = await auditFromNow();

    const answer = replica.execute('scale_deployment', scale(how, 2));
    await eventually(async () => expect(await audit.writes({ namespace, name: how })).toHaveLength(1));
    await server.stop(how);
    const refused = await replica.execute('scale_deployment', scale(how, 3));
    const ready = await replica.get('/readyz');
    await server.start();

    expect(refused.status).toBe(503);
    expect(refused.body).toMatchObject({ code: 'service_unavailable', retry_at: expect.any(String) });
    expect(ready.status).toBe(503);
    const { body } = await answer;
    expect(body).toMatchObject({ status: 'completed', changed: true, settled: null });
    expect(await audit.writes({ namespace, name: how })).toEqual(['patch deployments/scale 200']);
    const sql = postgres(server.url(), { max: 1 });
    const ends =
      await sql`select type from execution_event where execution_id = ${body.action_id} and type = 'execution.completed'`;
    const held =
      await sql`select key from target_lock union all select id::text from slot where execution_id is not null`;
    await sql.end();
    expect(ends).toHaveLength(1);
    expect(held).toEqual([]);
    expect((await replica.get('/readyz')).status).toBe(200);
  },
);
