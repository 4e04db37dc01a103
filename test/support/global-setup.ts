import { mkdtemp, rm, statfs, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import connect from 'postgres';
import type { TestProject } from 'vitest/node';
import { migrateDatabase } from '../../src/platform/migrate.ts';
import { migrationsFolder } from '../../src/platform/version.ts';
import { startEmbeddedPostgres } from '../../src/platform/postgres-embedded.ts';
import { sandboxKubeconfig } from '../../src/sandbox/kubeconfig.ts';
import { startSandbox } from '../../src/sandbox/start.ts';
import { createLogger } from '../../src/telemetry/logger.ts';
import { startPgbouncer } from './pgbouncer.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** A migrated database, to be copied from. */
    postgresUrl: string;
    /** The sandbox's address; the real cluster of KUBECONFIG is used instead where that is set. */
    sandboxUrl: string;
    /** For processes that need a file. */
    sandboxKubeconfig: string;
    auditLog: string;
    /** Where the replicas under test find PostgreSQL behind PgBouncer; '' where they go to it directly. */
    pooler: string;
  }
}

const memory = '/dev/shm';
const enough = 4 * 1024 ** 3;

/** Memory where there is plenty of it: a database is copied there in a tenth of the time. */
async function quickFolder(): Promise<string> {
  const { bavail, bsize } = await statfs(memory).catch(() => ({ bavail: 0, bsize: 0 }));
  return bavail * bsize >= enough ? memory : tmpdir();
}

/** One PostgreSQL and one cluster for the whole run; each test has a database and a namespace of its own in them. */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  const folder = await mkdtemp(join(await quickFolder(), 'executor-test-'));
  const log = createLogger({ level: 'warn', write: (line) => process.stderr.write(line) });
  const postgres = await startEmbeddedPostgres({ directory: join(folder, 'postgres'), log, ephemeral: true });
  // Not the server's own database, which it keeps a connection to: a template must have none.
  const template = new URL('/executor_template', postgres.url).href;
  const admin = connect(postgres.url, { max: 1 });
  await admin`create database executor_template`;
  await admin.end();
  await migrateDatabase({ url: template, folder: migrationsFolder });
  const auditLog = join(folder, 'audit.log');
  const sandbox = await startSandbox({ seed: true, auditLog });
  const kubeconfig = join(folder, 'sandbox.kubeconfig');
  await writeFile(kubeconfig, sandboxKubeconfig(sandbox.url));
  project.provide('sandboxKubeconfig', kubeconfig);
  project.provide('postgresUrl', template);
  project.provide('sandboxUrl', sandbox.url);
  project.provide('auditLog', process.env.KUBECONFIG ? (process.env.CLUSTER_AUDIT_LOG ?? '') : auditLog);
  const pooler = process.env.DATABASE_POOLER === 'pgbouncer' ? await startPgbouncer(postgres.url) : undefined;
  project.provide('pooler', pooler ? new URL(pooler.through(postgres.url)).host : '');
  return async () => {
    await pooler?.close();
    await sandbox.close();
    await postgres.stop();
    await rm(folder, { recursive: true, force: true });
  };
}
