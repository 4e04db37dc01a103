import { findClusterAccess } from '../../src/platform/kubernetes-access.ts';
import { connectCluster } from '../../src/platform/kubernetes-connection.ts';
import { isKubernetesError } from '../../src/kubernetes/errors.ts';

/**
 * `node test/support/fill-cluster.ts 100 5000`: that many nodes, and that many pods on them, in the cluster of
 * KUBECONFIG. Nothing else is scheduled on these nodes: what an action reads of them it has not needed.
 */
const [nodes = 100, pods = 5_000] = process.argv.slice(2).map(Number);
const podsPerNamespace = 250;
const inFlight = 16;

const paths = (process.env['KUBECONFIG'] ?? '').split(':');
const access = await findClusterAccess({ kind: 'kubeconfig', paths }, process.env);
const cluster = await connectCluster({ access, environment: process.env, timeoutMs: 30_000, retryAttempts: 5 });

await inParallel(nodes, async (index) => {
  const name = `wide-${index}`;
  const metadata = { name, labels: { 'test/wide': 'true' }, annotations: { 'test/not-ready': 'true' } };
  await create({
    apiVersion: 'v1',
    kind: 'Node',
    metadata,
    spec: { taints: [{ key: 'test/wide', effect: 'NoSchedule' }] },
  });
});
const namespaces = Math.ceil(pods / podsPerNamespace);
await inParallel(namespaces, async (index) => {
  const namespace = `wide-${index}`;
  await create({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } });
  await untilThere({ apiVersion: 'v1', kind: 'ServiceAccount', namespace, name: 'default' });
});
await inParallel(pods, async (index) => {
  await create({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name: `wide-${index}`,
      namespace: `wide-${index % namespaces}`,
      labels: { 'test/wide': 'true', app: 'web', tier: 'front', 'pod-template-hash': `${index % 50}` },
    },
    spec: {
      nodeName: `wide-${index % nodes}`,
      // Else the nodes, which are not ready, would be emptied after five minutes.
      tolerations: [{ operator: 'Exists' }],
      containers: [
        {
          name: 'app',
          image: 'registry.example/wide:1',
          env: [{ name: 'LOG_LEVEL', value: 'info' }],
          resources: { requests: { cpu: '10m', memory: '16Mi' } },
        },
      ],
    },
  });
});
await untilRunning();
await cluster.close();
console.log(`${nodes} nodes and ${pods} pods in ${namespaces} namespaces`);

async function create(object: Parameters<typeof cluster.create>[0]): Promise<void> {
  await cluster.create(object).catch((error: unknown) => {
    if (!isKubernetesError(error, 'alreadyExists')) throw error;
  });
}

/** What is still being started keeps the whole cluster busy. */
async function untilRunning(): Promise<void> {
  const waiting = { apiVersion: 'v1', kind: 'Pod', labelSelector: 'test/wide', fieldSelector: 'status.phase=Pending' };
  for (const end = Date.now() + 300_000; ;) {
    const { items } = await cluster.list(waiting, { limit: 20, metadataOnly: true });
    if (items.length === 0) return;
    if (Date.now() > end) throw new Error(`Pods are still Pending, such as ${items[0]?.metadata.name}`);
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
}

async function untilThere(reference: Parameters<typeof cluster.get>[0]): Promise<void> {
  for (const end = Date.now() + 30_000; ;) {
    try {
      await cluster.get(reference);
      return;
    } catch (error) {
      if (Date.now() > end) throw error;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
}

async function inParallel(count: number, work: (index: number) => Promise<void>): Promise<void> {
  let next = 0;
  await Promise.all(
    Array.from({ length: inFlight }, async () => {
      while (next < count) await work(next++);
    }),
  );
}
