import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ConnectedCluster } from '../../src/platform/kubernetes-connection.ts';
import { connectCluster } from '../../src/platform/kubernetes-connection.ts';
import { migrateDatabase } from '../../src/platform/migrate.ts';
import { migrationsFolder } from '../../src/platform/version.ts';
import { sandboxKubeconfig } from '../../src/sandbox/kubeconfig.ts';
import { lenientRules } from '../support/lenient-rules.ts';
import { type ApiProxy, createApiProxy } from './api-proxy.ts';
import { type ChaosPostgres, startChaosPostgres } from './chaos-postgres.ts';
import { type Ground, prepareGround } from './ground.ts';
import { installJournal } from './journal.ts';
import { createReplica, type ReplicaPlace } from './replica.ts';
import { seeded } from './seeded.ts';
import { createTcpLink, type TcpLink } from './tcp-link.ts';
import type { TidyUp } from './tidy-up.ts';
import { type ClusterUnderChaos, clusterUnderChaos } from './upstream.ts';

export interface Stage {
  under: ClusterUnderChaos;
  /** Past all proxies. */
  cluster: ConnectedCluster;
  database: ChaosPostgres;
  ground: Ground;
  links: TcpLink[];
  proxies: ApiProxy[];
  replicas: ReplicaPlace[];
  /** The folder of the replicas' logs. */
  logs: string;
}

const replicaCount = 3;

/** The cluster with its ground, the database with its journal, and the replicas, each with its own ways to both. */
export async function setStage(
  folder: string,
  { seed, leaseMs, tidyUp }: { seed: number; leaseMs: number; tidyUp: TidyUp },
): Promise<Stage> {
  const under = await clusterUnderChaos(folder);
  tidyUp.add(under.close);
  const cluster = await connectCluster({
    access: under.access,
    environment: process.env,
    timeoutMs: 10_000,
    retryAttempts: 3,
    userAgent: 'chaos',
  });
  tidyUp.add(() => cluster.close());
  const database = await startChaosPostgres(join(folder, 'postgres'));
  tidyUp.add(() => database.close());
  await migrateDatabase({ url: database.url(), folder: migrationsFolder });
  await installJournal(database.url());
  const ground = await prepareGround(cluster);
  tidyUp.add(() => ground.clear());
  const run = ground.namespace;
  const indices = Array.from({ length: replicaCount }, (_, index) => index);
  const links = await Promise.all(indices.map(() => createTcpLink({ host: '127.0.0.1', port: database.port })));
  const proxies = await Promise.all(
    indices.map((index) => createApiProxy(index, { upstream: under.upstream, run, chance: seeded(seed * 7 + index) })),
  );
  tidyUp.add(...links.map((link) => () => link.close()), ...proxies.map((proxy) => () => proxy.close()));
  const logs = join(folder, 'logs');
  await mkdir(logs);
  const replicas = await Promise.all(
    indices.map(async (index) => {
      const kubeconfig = join(folder, `replica-${index}.kubeconfig`);
      await writeFile(kubeconfig, sandboxKubeconfig(proxies[index]?.url ?? '').replaceAll('sandbox', 'chaos'));
      return createReplica(index, {
        logFile: join(logs, `replica-${index}.log`),
        env: {
          DATABASE_URL: database.url(links[index]?.port),
          KUBECONFIG: kubeconfig,
          EXECUTOR_SERVICE_PORT: '0',
          EXECUTOR_MONITORING_METRICS_PORT: '0',
          EXECUTOR_ACTIONS_LEASE: `${leaseMs}ms`,
          ...lenientRules,
          EXECUTOR_ACTIONS_COOLDOWN_PERIOD: '1s',
          EXECUTOR_ACTIONS_MAX_CONCURRENT: '6',
          EXECUTOR_ACTIONS_WAIT_FOR_SLOT: '2s',
          EXECUTOR_ACTIONS_SHUTDOWN_TIMEOUT: '2s',
          // A read that hangs is given up before its caller gives up.
          EXECUTOR_KUBERNETES_TIMEOUT: '10s',
        },
      });
    }),
  );
  tidyUp.add(...replicas.map((replica) => () => replica.close()));
  await Promise.all(replicas.map((replica) => replica.start()));
  return { under, cluster, database, ground, links, proxies, replicas, logs };
}
