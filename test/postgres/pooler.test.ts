import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, inject, test } from 'vitest';
import postgres from 'postgres';
import { z } from 'zod';
import type { ConnectedCluster } from '../../src/platform/kubernetes-connection.ts';
import { migrateDatabase } from '../../src/platform/migrate.ts';
import { migrationsFolder } from '../../src/platform/version.ts';
import { auditFromNow } from '../support/audit.ts';
import { connectTestClient, createDeployment, createNamespace, eventually } from '../support/cluster.ts';
import { type Pgbouncer, pgbouncerProgram, startPgbouncer } from '../support/pgbouncer.ts';
import { startProcess } from '../support/process.ts';
import { type Service, startService } from '../support/service.ts';

const installed = (await pgbouncerProgram()) !== undefined;
const scale = (namespace: string, name: string, replicas: number) => ({ namespace, resource_name: name, replicas });

describe.skipIf(!installed)('behind PgBouncer in transaction mode (skipped where it is not installed)', () => {
  let cluster: ConnectedCluster;
  let namespace: string;
  let pooler: Pgbouncer;
  let service: Service;
  let env: Record<string, string>;

  beforeAll(async () => {
    cluster = await connectTestClient();
    namespace = await createNamespace(cluster, 'pooler');
  });

  beforeEach(async () => {
    // One connection for all: what a statement left behind would meet the next one, and what needs two would never end.
    pooler = await startPgbouncer(inject('postgresUrl'), { poolSize: 1 });
    service = await startService();
    env = { DATABASE_URL: pooler.through(service.databaseUrl), EXECUTOR_DATABASE_POOLED: 'true' };
  });

  afterEach(async () => {
    await service.close();
    await pooler.close();
  });

  afterAll(async () => {
    await cluster.delete({ apiVersion: 'v1', kind: 'Namespace', name: namespace });
    await cluster.close();
  });

  test('three replicas share one connection: each of ten runs happens once, and nothing is held after', async () => {
    const names = Array.from({ length: 10 }, (_, index) => `shared-${index}`);
    await Promise.all(names.map((name) => createDeployment(cluster, { namespace, name, replicas: 1 })));
    const replicas = await Promise.all([1, 2, 3].map(() => service.replica({ env })));
    const audit = await auditFromNow();
    const before = await pooler.transactions();

    const answers = await Promise.all(
      names.flatMap((name) =>
        replicas.map((replica) =>
          replica.post(
            '/api/v1/execute',
            { action: 'scale_deployment', parameters: scale(namespace, name, 2) },
            { 'idempotency-key': name },
          ),
        ),
      ),
    );

    expect(new Set(answers.map(({ body }) => body.action_id)).size).toBe(10);
    for (const name of names) expect(await audit.writes({ namespace, name })).toEqual(['patch deployments/scale 200']);
    expect(await service.sql`select key from target_lock`).toEqual([]);
    expect(await service.sql`select id from slot where execution_id is not null`).toEqual([]);
    expect((await pooler.transactions()) - before).toBeGreaterThan(30);
  });

  test('what is asked for without waiting is found by looking, since nobody can listen', async () => {
    await createDeployment(cluster, { namespace, name: 'queued', replicas: 1 });
    const replica = await startProcess(service.databaseUrl, env);
    const asked = await fetch(`${replica.url}/api/v1/execute`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', prefer: 'respond-async' },
      body: JSON.stringify({ action: 'scale_deployment', parameters: scale(namespace, 'queued', 2) }),
    });
    const { action_id: id } = z.object({ action_id: z.string() }).parse(await asked.json());

    expect(asked.status).toBe(202);
    await eventually(async () => {
      const status = await (await fetch(`${replica.url}/api/v1/status/${id}`)).json();
      expect(status).toMatchObject({ status: 'completed', changed: true });
    });
    expect(await replica.stop()).toBe(0);
  });

  test('a pooler that dies in the middle of a run and comes back is outlasted', async () => {
    await createDeployment(cluster, {
      namespace,
      name: 'outlasts',
      replicas: 1,
      podAnnotations: { 'test/ready-after': '2s' },
    });
    const replica = await service.replica({ env });
    const audit = await auditFromNow();

    const answer = replica.execute('scale_deployment', scale(namespace, 'outlasts', 2));
    await eventually(async () => expect(await audit.writes({ namespace, name: 'outlasts' })).toHaveLength(1));
    await pooler.kill();
    const refused = await replica.execute('scale_deployment', scale(namespace, 'outlasts', 3));
    await new Promise((resolve) => setTimeout(resolve, 2_500));
    await pooler.start();

    expect(refused.status).toBe(503);
    expect(refused.body).toMatchObject({ code: 'service_unavailable', retry_at: expect.any(String) });
    expect((await answer).body).toMatchObject({ status: 'completed', changed: true });
    expect(await audit.writes({ namespace, name: 'outlasts' })).toEqual(['patch deployments/scale 200']);
  });

  test('the schema is brought up to date through it, by several replicas at once', async () => {
    const name = new URL(service.databaseUrl).pathname.slice(1);
    const url = pooler.through(service.databaseUrl.replace(name, `${name}_empty`));
    await service.sql.unsafe(`create database ${name}_empty template template0`);

    await Promise.all([1, 2, 3].map(() => migrateDatabase({ url, folder: migrationsFolder })));

    const sql = postgres(url, { max: 1, prepare: false, fetch_types: false });
    const [row] = await sql`select count(*)::int as made from drizzle.__drizzle_migrations`;
    const [once] = await service.sql`select count(*)::int as made from drizzle.__drizzle_migrations`;
    await sql.end();
    await service.sql.unsafe(`drop database ${name}_empty with (force)`);
    expect(row?.made).toBe(once?.made);
  });
});
