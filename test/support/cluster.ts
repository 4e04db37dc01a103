import { randomUUID } from 'node:crypto';
import { inject } from 'vitest';
import type { Cluster } from '../../src/kubernetes/cluster.ts';
import { isKubernetesError } from '../../src/kubernetes/errors.ts';
import type { KubernetesObject, ObjectReference } from '../../src/kubernetes/object.ts';
import { type ClusterAccess, findClusterAccess } from '../../src/platform/kubernetes-access.ts';
import { type ConnectedCluster, connectCluster } from '../../src/platform/kubernetes-connection.ts';

/** Where the suite's cluster is: the real one of KUBECONFIG, else the run's sandbox. */
export async function accessUnderTest(): Promise<ClusterAccess> {
  const paths = process.env.KUBECONFIG;
  if (!paths) return { name: 'sandbox', server: inject('sandboxUrl'), skipTlsVerify: false };
  return await findClusterAccess({ kind: 'kubeconfig', paths: paths.split(':') }, process.env);
}

export const onRealCluster = Boolean(process.env.KUBECONFIG);

/** The test's own client; the audit log tells it from the service's by its user agent. */
export async function connectTestClient(access?: ClusterAccess): Promise<ConnectedCluster> {
  return await connectCluster({
    access: access ?? (await accessUnderTest()),
    environment: process.env,
    timeoutMs: 10_000,
    retryAttempts: 3,
    userAgent: 'test',
  });
}

/** A namespace of the test's own, gone when the test is over. */
export async function createNamespace(cluster: Cluster, prefix = 't'): Promise<string> {
  const name = `${prefix}-${randomUUID().slice(0, 8)}`;
  await cluster.create({ apiVersion: 'v1', kind: 'Namespace', metadata: { name } });
  // Pods wait for this account on a real control plane.
  await eventually(async () => {
    await cluster.get({ apiVersion: 'v1', kind: 'ServiceAccount', namespace: name, name: 'default' });
  });
  return name;
}

/** Ready nodes for the pods; those that are there already are kept. */
export async function ensureNodes(cluster: Cluster, names: readonly string[]): Promise<void> {
  for (const name of names) {
    await cluster.create({ apiVersion: 'v1', kind: 'Node', metadata: { name } }).catch((error: unknown) => {
      if (!isKubernetesError(error, 'alreadyExists')) throw error;
    });
  }
}

/** Pods are scheduled to no node of such a status: those of another test would go when the node does. */
export const withoutRoom = { allocatable: { cpu: '16', memory: '64Gi', pods: '0' } };

/** Nodes of the test's own, new even where a run that was cut off has left one; to be deleted by it. */
export async function createNodes(cluster: Cluster, names: readonly string[]): Promise<void> {
  for (const name of names) {
    await cluster.delete({ apiVersion: 'v1', kind: 'Node', name }).catch((error: unknown) => {
      if (!isKubernetesError(error, 'notFound')) throw error;
    });
    await cluster.create({ apiVersion: 'v1', kind: 'Node', metadata: { name }, status: withoutRoom });
  }
}

export interface DeploymentShape {
  namespace: string;
  name: string;
  replicas?: number;
  annotations?: Record<string, string>;
  labels?: Record<string, string>;
  /** Of the pods: `test/never-ready` and the like. */
  podAnnotations?: Record<string, string>;
  spec?: Record<string, unknown>;
  image?: string;
}

/** A Deployment of small pods. Waits until its pods are ready, unless they never are. */
export async function createDeployment(
  cluster: Cluster,
  shape: DeploymentShape,
  { ready = true } = {},
): Promise<KubernetesObject> {
  const {
    namespace,
    name,
    replicas = 2,
    annotations = {},
    labels = {},
    podAnnotations = {},
    spec = {},
    image = 'registry.example/app:1',
  } = shape;
  const created = await cluster.create({
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name, namespace, annotations, labels: { app: name, ...labels } },
    spec: {
      replicas,
      selector: { matchLabels: { app: name } },
      template: {
        metadata: { labels: { app: name }, annotations: podAnnotations },
        spec: { containers: [{ name: 'app', image }] },
      },
      ...spec,
    },
  });
  await (ready ? untilReady : untilSeen)(cluster, { namespace, name, replicas });
  return created;
}

const firstMomentsMs = 3_000;

/** Its controller writes to it in its first moments, and what is planned meanwhile meets a newer version. */
async function untilSeen(cluster: Cluster, { namespace, name }: { namespace: string; name: string }): Promise<void> {
  for (const end = performance.now() + firstMomentsMs; performance.now() < end;) {
    const { status } = await cluster.get({ apiVersion: 'apps/v1', kind: 'Deployment', namespace, name });
    const { observedGeneration, conditions } = (status ?? {}) as {
      observedGeneration?: number;
      conditions?: unknown[];
    };
    if (observedGeneration && conditions?.length) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

async function untilReady(
  cluster: Cluster,
  { namespace, name, replicas }: { namespace: string; name: string; replicas: number },
): Promise<void> {
  await eventually(async () => {
    const { status } = await cluster.get({ apiVersion: 'apps/v1', kind: 'Deployment', namespace, name });
    const seen = (status ?? {}) as { readyReplicas?: number; replicas?: number };
    if ((seen.readyReplicas ?? 0) !== replicas || (seen.replicas ?? 0) !== replicas)
      throw new Error(`${name}: ${JSON.stringify(status)}`);
  });
}

/** Waits until nobody writes to it any more: the controllers of a real cluster do, soon after it has come about. */
export async function atRest(cluster: Cluster, reference: ObjectReference): Promise<void> {
  const version = async () => (await cluster.get(reference)).metadata.resourceVersion;
  await eventually(async () => {
    const before = await version();
    await new Promise((resolve) => setTimeout(resolve, 400));
    if ((await version()) !== before) throw new Error(`${reference.kind} ${reference.name} is still written to`);
  });
}

/** Tries until it does not throw, for at most 40 s. */
export async function eventually<T>(attempt: () => Promise<T>, timeoutMs = 40_000): Promise<T> {
  const end = performance.now() + timeoutMs;
  for (;;) {
    try {
      return await attempt();
    } catch (error) {
      if (performance.now() > end) throw error;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
}
