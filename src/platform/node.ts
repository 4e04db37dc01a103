import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Config } from '../config/config.ts';
import { processSources } from '../config/process-sources.ts';
import type { Cluster } from '../kubernetes/cluster.ts';
import type { ClusterTold, Host } from '../runtime.ts';
import { createLogger, type Logger } from '../telemetry/logger.ts';
import { isConnectionFault } from '../database/unavailable.ts';
import { findClusterAccess } from './kubernetes-access.ts';
import { connectCluster } from './kubernetes-connection.ts';
import { migrateDatabase } from './migrate.ts';
import { startTelemetry } from './telemetry-node.ts';
import { timeOrderedId } from './time-ordered-id.ts';
import { migrationsFolder, version } from './version.ts';

/** A server's host: what it brought along itself is in `embedded`, in words. */
export interface NodeHost extends Host {
  embedded: string[];
  /** Sends what telemetry still holds; nothing is told after it. */
  flush(): Promise<void>;
  close(): Promise<void>;
}

const migrationPauseMs = 1_000;

/** What a server on this machine gives the service: PostgreSQL and a cluster, its own where none are configured. */
export async function openNodeHost(config: Config): Promise<NodeHost> {
  const instanceId = `${hostname()}-${process.pid}-${randomUUID().slice(0, 8)}`;
  const log = createLogger({
    level: config.logLevel,
    write: (line) => process.stdout.write(line),
    format: process.stdout.isTTY ? 'text' : 'json',
  });
  const telemetry = await startTelemetry({ config, version: version.version, instanceId, log });
  const embedded: string[] = [];
  const closers: (() => Promise<void>)[] = [];
  const [databaseUrl, access] = await Promise.all([
    openDatabase(config, { log, embedded, closers }),
    openAccess(config, { embedded, closers }),
  ]);
  return {
    config,
    databaseUrl,
    async connectCluster(told: ClusterTold): Promise<Cluster> {
      const cluster = await connectCluster({
        access,
        environment: processSources().env,
        timeoutMs: config.kubernetes.timeoutMs,
        retryAttempts: config.kubernetes.retryAttempts,
        ...told,
      });
      closers.push(() => cluster.close());
      return cluster;
    },
    log,
    meter: telemetry.meter,
    metricsText: async () => ({
      contentType: 'text/plain; version=0.0.4; charset=utf-8',
      text: await telemetry.metricsText(),
    }),
    version,
    holder: instanceId,
    newId: timeOrderedId,
    embedded,
    flush: () => telemetry.shutdown(),
    async close() {
      for (const close of closers.toReversed()) await close();
    },
  };
}

interface Opening {
  embedded: string[];
  closers: (() => Promise<void>)[];
}

async function openDatabase(config: Config, { log, embedded, closers }: Opening & { log: Logger }): Promise<string> {
  const { connection } = config.database;
  const { url, adminUrl = url } =
    connection.kind === 'url'
      ? connection
      : { url: await embeddedDatabase(connection.directory, { log, embedded, closers }) };
  for (let told = false; ; told = true) {
    try {
      await migrateDatabase({ url: adminUrl, folder: migrationsFolder });
      return url;
    } catch (error) {
      if (!isConnectionFault(error)) throw error;
      if (!told) log.warn('PostgreSQL can not be reached yet; trying again every second', { error });
      await sleep(migrationPauseMs);
    }
  }
}

async function embeddedDatabase(
  directory: string,
  { log, embedded, closers }: Opening & { log: Logger },
): Promise<string> {
  const { startEmbeddedPostgres } = await import('./postgres-embedded.ts');
  const postgres = await startEmbeddedPostgres({ directory, log });
  closers.push(() => postgres.stop());
  embedded.push(`PostgreSQL: embedded, data in ${postgres.folder} (set DATABASE_URL to use your own)`);
  return postgres.url;
}

async function openAccess(config: Config, { embedded, closers }: Opening) {
  const { connection } = config.kubernetes;
  if (connection.kind !== 'sandbox') return await findClusterAccess(connection, processSources().env);
  const { startSandbox } = await import('../sandbox/start.ts');
  const sandbox = await startSandbox({ seed: true });
  closers.push(() => sandbox.close());
  embedded.push(`Cluster: embedded sandbox, not a real one, kept in memory (set KUBECONFIG to use your own)`);
  embedded.push(`  kubectl --server ${sandbox.url} -n production get deployments`);
  return { name: 'sandbox', server: sandbox.url, skipTlsVerify: false };
}
