import { randomUUID } from 'node:crypto';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { processSources } from '../src/config/process-sources.ts';
import { createCluster } from '../src/kubernetes/client.ts';
import { findClusterAccess } from '../src/platform/kubernetes-access.ts';
import { type ConnectedCluster, connectCluster } from '../src/platform/kubernetes-connection.ts';
import { openKubernetesCredentials } from '../src/platform/kubernetes-credentials.ts';
import { startEmbeddedPostgres } from '../src/platform/postgres-embedded.ts';
import { createLogger } from '../src/telemetry/logger.ts';
import { cordonRows, lanes } from './cordon.ts';
import { dispatchRow } from './dispatch.ts';
import { drainRow } from './drain.ts';
import { endsRows } from './ends.ts';
import { historyRows } from './history.ts';
import { httpClient } from './http-client.ts';
import { print, quantile, type Row } from './measure.ts';
import { notifyRow } from './notify.ts';
import { queueRows } from './queue.ts';
import { rulesRows } from './rules.ts';
import { replicaRows } from './replicas.ts';
import { scaleRow } from './scale-answer.ts';
import { startBundle } from './service-process.ts';

const nodesPerLane = 6;
const coldStarts = 5;
const coldStartLimitMs = 400;
const memoryLimitMb = 130;
const idleMs = 5_000;

/**
 * Measures the bundle on the real cluster of KUBECONFIG, and the queue in this process, side by side with what bounds
 * them, and prints the ratios: all of it, or the sections that are named.
 */
async function bench(): Promise<void> {
  const { env } = processSources();
  const { KUBECONFIG } = env;
  if (!KUBECONFIG) throw new Error('Set KUBECONFIG: the bench measures against a real API server');
  const sections: Record<string, (postgresUrl: string) => Promise<Row[]>> = {
    cluster: (postgresUrl) => clusterRows(postgresUrl, KUBECONFIG, env),
    queue: queueRows,
    dispatch: async (postgresUrl) => [await dispatchRow(postgresUrl)],
    replicas: (postgresUrl) => replicaRows(postgresUrl, KUBECONFIG),
    rules: (postgresUrl) => ofService(postgresUrl, { KUBECONFIG, env }, rulesRows),
    ends: (postgresUrl) => ofService(postgresUrl, { KUBECONFIG, env }, endsRows),
    history: (postgresUrl) =>
      historyRows(postgresUrl, { DATABASE_URL: postgresUrl, KUBECONFIG, EXECUTOR_SAFETY_ENABLE_COOLDOWN: 'false' }),
  };
  const asked = process.argv.slice(2);
  const unknown = asked.filter((name) => !Object.hasOwn(sections, name));
  if (unknown.length > 0)
    throw new Error(`There is no section ${unknown.join(', ')}; there are ${Object.keys(sections).join(', ')}`);
  const folder = await mkdtemp(join(tmpdir(), 'executor-bench-'));
  // PostgreSQL runs as another account when this one is root.
  await chmod(folder, 0o755);
  const log = createLogger({ level: 'warn', write: (line) => process.stderr.write(line) });
  const postgres = await startEmbeddedPostgres({ directory: join(folder, 'postgres'), log });
  const rows: Row[] = [];
  try {
    for (const [name, section] of Object.entries(sections))
      if (asked.length === 0 || asked.includes(name)) rows.push(...(await section(postgres.url)));
  } finally {
    await postgres.stop();
    await rm(folder, { recursive: true, force: true });
  }
  print(rows);
  process.exitCode = rows.every(({ holds }) => holds) ? 0 : 1;
}

/** What the bundle does on the cluster. */
async function clusterRows(
  postgresUrl: string,
  KUBECONFIG: string,
  env: Record<string, string | undefined>,
): Promise<Row[]> {
  const credentials = await openKubernetesCredentials(
    await findClusterAccess({ kind: 'kubeconfig', paths: KUBECONFIG.split(':') }, env),
    { environment: env },
  );
  const { name, server, authorize, fetch } = credentials;
  const cluster = createCluster({
    name,
    server,
    authorize,
    fetch,
    timeoutMs: 30_000,
    retryAttempts: 3,
    userAgent: 'bench',
  });
  const suffix = randomUUID().slice(0, 6);
  const nodes = Array.from({ length: lanes * nodesPerLane }, (_, index) => `bench-${suffix}-${index}`);
  const namespace = `bench-${suffix}`;
  const rows: Row[] = [];
  try {
    const settings = {
      DATABASE_URL: postgresUrl,
      KUBECONFIG,
      EXECUTOR_SAFETY_ENABLE_COOLDOWN: 'false',
      EXECUTOR_ACTIONS_MAX_CONCURRENT: '20',
    };

    const colds: number[] = [];
    for (let start = 0; start < coldStarts; start += 1) {
      const service = await startBundle(settings);
      colds.push(service.coldStartMs);
      await service.stop();
    }
    const service = await startBundle(settings);
    await new Promise((resolve) => setTimeout(resolve, idleMs));
    const memory = await service.memory();
    // Not before: the control plane has much to do with new nodes, on the machine that the starts were measured on.
    for (const node of nodes) await cluster.create({ apiVersion: 'v1', kind: 'Node', metadata: { name: node } });
    await cluster.create({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } });
    const client = httpClient(service.url, lanes);
    try {
      rows.push(...(await cordonRows(client, credentials, { nodes, databaseUrl: postgresUrl })));
      rows.push(await scaleOf(client, cluster, namespace));
      rows.push(await notifyRow(client, postgresUrl));
      // `kubectl` must be in the PATH, and the audit log readable.
      const auditLog = env['CLUSTER_AUDIT_LOG'];
      if (auditLog) rows.push(await drainRow({ client, cluster, kubeconfig: KUBECONFIG, auditLog, namespace }));
      // The first start also makes the tables; the best of the others is the program's own share.
      const cold = quantile(colds.slice(1), 0.5);
      rows.push({
        what: 'cold start to the first /health 200, p50',
        ours: `${cold.toFixed(0)} ms`,
        bound: `${coldStartLimitMs} ms`,
        ratio: cold / coldStartLimitMs,
        limit: '<= 1.00',
        holds: cold <= coldStartLimitMs,
      });
      rows.push({
        what: 'idle memory (resident)',
        ours: `${memory.toFixed(0)} MB`,
        bound: `${memoryLimitMb} MB`,
        ratio: memory / memoryLimitMb,
        limit: '<= 1.00',
        holds: memory <= memoryLimitMb,
      });
    } finally {
      await client.close();
      await service.stop();
    }
  } finally {
    for (const node of nodes)
      await cluster.delete({ apiVersion: 'v1', kind: 'Node', name: node }).catch(() => undefined);
    await cluster.delete({ apiVersion: 'v1', kind: 'Namespace', name: namespace }).catch(() => undefined);
    await credentials.close();
  }
  return rows;
}

interface OnCluster {
  settings: Record<string, string | undefined>;
  cluster: ConnectedCluster;
}

/** A section that starts replicas of its own, and moves things in the cluster as well. */
async function ofService(
  postgresUrl: string,
  { KUBECONFIG, env }: { KUBECONFIG: string; env: Record<string, string | undefined> },
  section: (postgresUrl: string, on: OnCluster) => Promise<Row[]>,
): Promise<Row[]> {
  const cluster = await connectCluster({
    access: await findClusterAccess({ kind: 'kubeconfig', paths: KUBECONFIG.split(':') }, env),
    environment: env,
    timeoutMs: 30_000,
    retryAttempts: 3,
    userAgent: 'bench',
  });
  const settings = { KUBECONFIG, EXECUTOR_SAFETY_ENABLE_COOLDOWN: 'false', EXECUTOR_ACTIONS_MAX_CONCURRENT: '20' };
  try {
    return await section(postgresUrl, { settings, cluster });
  } finally {
    await cluster.close();
  }
}

async function scaleOf(
  client: ReturnType<typeof httpClient>,
  cluster: Parameters<typeof scaleRow>[1],
  namespace: string,
): Promise<Row> {
  const name = 'scaled';
  const node = `${namespace}-ready`;
  await cluster.create({ apiVersion: 'v1', kind: 'Node', metadata: { name: node } });
  await cluster.create({
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name, namespace },
    spec: {
      replicas: 2,
      selector: { matchLabels: { app: name } },
      template: {
        metadata: { labels: { app: name } },
        spec: { containers: [{ name: 'app', image: 'registry.example/app:1' }] },
      },
    },
  });
  try {
    await new Promise((resolve) => setTimeout(resolve, 3_000));
    return await scaleRow(client, cluster, { namespace, name });
  } finally {
    await cluster.delete({ apiVersion: 'v1', kind: 'Node', name: node }).catch(() => undefined);
  }
}

await bench();
