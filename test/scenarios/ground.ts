import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { promisify } from 'node:util';
import type { ClusterAccess } from '../../src/platform/kubernetes-access.ts';
import type { KubernetesObject, ObjectReference } from '../../src/kubernetes/object.ts';
import { isKubernetesError } from '../../src/kubernetes/errors.ts';
import { groupOf, kindOf } from '../../src/kubernetes/kinds.ts';
import type { ConnectedCluster } from '../../src/platform/kubernetes-connection.ts';
import {
  connectTestClient,
  createNamespace,
  ensureNodes,
  eventually,
  onRealCluster,
  withoutRoom,
} from '../support/cluster.ts';

const run = promisify(execFile);

export type WorkloadKind = 'Deployment' | 'StatefulSet' | 'DaemonSet';

export interface WorkloadShape {
  /** Another than the ground's own. */
  namespace?: string;
  name?: string;
  replicas?: number;
  labels?: Record<string, string>;
  annotations?: Record<string, string>;
  /** Of the pods: `test/never-ready` and the like. */
  podAnnotations?: Record<string, string>;
  podLabels?: Record<string, string>;
  /** Merged into the workload's spec. */
  spec?: Record<string, unknown>;
  /** Merged into the pods' spec. */
  podSpec?: Record<string, unknown>;
  containers?: Record<string, unknown>[];
  /** False: do not wait until its pods are ready. */
  ready?: boolean;
}

/** A namespace in the cluster under test, and what scenarios are made of. Everything in it goes with it. */
export interface Ground {
  cluster: ConnectedCluster;
  namespace: string;
  /** As the cluster has it now; a real one is asked by kubectl. */
  read(reference: ObjectReference): Promise<KubernetesObject>;
  /** Creates an object; what belongs to no namespace, or to another, goes with the ground as well. */
  create(object: KubernetesObject): Promise<KubernetesObject>;
  patch(reference: ObjectReference, body: object, subresource?: string): Promise<void>;
  /** Its pods are ready when it comes back. */
  workload(kind: WorkloadKind, shape?: WorkloadShape): Promise<ObjectReference>;
  /** A namespace beside the ground's own; a well-known one may be there already. */
  anotherNamespace(
    name: string,
    metadata?: Pick<KubernetesObject['metadata'], 'labels' | 'annotations'>,
  ): Promise<ObjectReference>;
  /** The image `app:2` in the place of `app:1`, rolled out. */
  secondRevision(workload: ObjectReference): Promise<ObjectReference>;
  /** The pods of what `workload` made, that are not on their way out. */
  podsOf(workload: ObjectReference): Promise<KubernetesObject[]>;
  podOf(workload: ObjectReference): Promise<ObjectReference>;
  /** A pod that nothing owns, running on a node. */
  barePod(shape?: { labels?: Record<string, string>; spec?: Record<string, unknown> }): Promise<ObjectReference>;
  /** A node of the scenario's own, Ready. */
  node(shape?: {
    spec?: Record<string, unknown>;
    labels?: Record<string, string>;
    annotations?: Record<string, string>;
    /** Pods may be scheduled there: those of others as well, unless it is tainted (`ownNodes`). */
    room?: boolean;
  }): Promise<ObjectReference>;
  name(prefix: string): string;
  kubectl(...args: string[]): Promise<string>;
  close(): Promise<void>;
}

export async function openGround(prefix: string, access?: ClusterAccess): Promise<Ground> {
  const cluster = await connectTestClient(access);
  await ensureNodes(cluster, ['node-1', 'node-2', 'node-3']);
  const namespace = await createNamespace(cluster, prefix);
  const ofTheCluster: ObjectReference[] = [];
  const name = (word: string) => `${word}-${randomUUID().slice(0, 6)}`;

  const kubectl = async (...args: string[]): Promise<string> => {
    const { stdout } = await run('kubectl', ['-n', namespace, ...args], { timeout: 60_000, maxBuffer: 1 << 24 });
    return stdout;
  };

  const ground: Ground = {
    cluster,
    namespace,
    name,
    kubectl,

    async read(reference) {
      if (!onRealCluster) return await cluster.get(reference);
      const plural = (
        kindOf(reference.apiVersion, reference.kind)?.plural ?? `${reference.kind.toLowerCase()}s`
      ).concat(groupOf(reference.apiVersion) === '' ? '' : `.${groupOf(reference.apiVersion)}`);
      return JSON.parse(await kubectl('get', plural, reference.name, '-o', 'json')) as KubernetesObject;
    },

    async create(object) {
      const created = await cluster.create(object);
      const { apiVersion, kind, metadata } = created;
      // What is in a namespace of its own goes with that; in one that stays, such as kube-system, it has to be taken away.
      if (metadata.namespace !== namespace) {
        const place = metadata.namespace ? { namespace: metadata.namespace } : {};
        ofTheCluster.push({ apiVersion, kind, ...place, name: metadata.name });
      }
      return created;
    },

    async patch(reference, body, subresource) {
      await cluster.patch(reference, { type: 'merge', body, ...(subresource ? { subresource } : {}) });
    },

    async workload(kind, shape = {}) {
      const { replicas = 1, labels = {}, annotations = {}, podAnnotations = {}, podLabels = {}, ready = true } = shape;
      const { spec = {}, podSpec = {}, containers = [{ name: 'app', image: 'registry.example/app:1' }] } = shape;
      const { name: own = name(kind.toLowerCase()), namespace: of = namespace } = shape;
      await ground.create({
        apiVersion: 'apps/v1',
        kind,
        metadata: { name: own, namespace: of, labels, annotations },
        spec: {
          ...(kind === 'DaemonSet' ? {} : { replicas }),
          ...(kind === 'StatefulSet' ? { serviceName: own } : {}),
          selector: { matchLabels: { app: own } },
          template: {
            metadata: { labels: { app: own, ...podLabels }, annotations: podAnnotations },
            spec: {
              containers,
              // A DaemonSet's rollout takes a while on many nodes: it gets one.
              ...(kind === 'DaemonSet'
                ? { nodeSelector: { 'kubernetes.io/hostname': await labelledNode(cluster) } }
                : {}),
              ...podSpec,
            },
          },
          ...spec,
        },
      });
      const reference = { apiVersion: 'apps/v1', kind, namespace: of, name: own };
      if (ready) await settled(cluster, reference, kind === 'DaemonSet' ? 1 : replicas);
      return reference;
    },

    async secondRevision(reference) {
      const { spec } = await cluster.get(reference);
      const { replicas = 1 } = spec as { replicas?: number };
      const body = {
        spec: { template: { spec: { containers: [{ name: 'app', image: 'registry.example/app:2' }] } } },
      };
      await cluster.patch(reference, { type: 'strategic', body });
      await settled(cluster, reference, replicas);
      return reference;
    },

    async anotherNamespace(called, metadata = {}) {
      const reference = { apiVersion: 'v1', kind: 'Namespace', name: called };
      await ground
        .create({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: called, ...metadata } })
        .catch((error: unknown) => {
          if (!isKubernetesError(error, 'alreadyExists')) throw error;
        });
      return reference;
    },

    async podsOf({ name: app, namespace: of = namespace }) {
      const labelSelector = `app=${app}`;
      const { items } = await cluster.list({ apiVersion: 'v1', kind: 'Pod', namespace: of, labelSelector });
      return items.filter(({ metadata }) => !metadata.deletionTimestamp);
    },

    async podOf(reference) {
      const [pod] = await ground.podsOf(reference);
      return { apiVersion: 'v1', kind: 'Pod', namespace, name: pod?.metadata.name ?? '' };
    },

    async barePod({ labels = {}, spec = {} } = {}) {
      const own = name('bare');
      await cluster.create({
        apiVersion: 'v1',
        kind: 'Pod',
        metadata: { name: own, namespace, labels },
        spec: { containers: [{ name: 'app', image: 'registry.example/app:1' }], ...spec },
      });
      const reference = { apiVersion: 'v1', kind: 'Pod', namespace, name: own };
      await eventually(async () => {
        const { status } = await cluster.get(reference);
        if ((status as { phase?: string }).phase !== 'Running') throw new Error(`${own}: ${JSON.stringify(status)}`);
      });
      return reference;
    },

    async node({ spec = {}, labels = {}, annotations = {}, room = false } = {}) {
      const own = name('ground');
      await ground.create({
        apiVersion: 'v1',
        kind: 'Node',
        metadata: { name: own, labels: { 'kubernetes.io/hostname': own, ...labels }, annotations },
        spec,
        ...(room ? {} : { status: withoutRoom }),
      });
      const reference = { apiVersion: 'v1', kind: 'Node', name: own };
      if (!annotations['test/not-ready']) {
        await eventually(async () => {
          const { status } = await cluster.get(reference);
          const { conditions = [] } = (status ?? {}) as { conditions?: { type: string; status: string }[] };
          const ready = conditions.find(({ type }) => type === 'Ready');
          if (ready?.status !== 'True') throw new Error(`${own} is not Ready`);
        });
      }
      // What the node controllers write first is over.
      await new Promise((resolve) => setTimeout(resolve, 300));
      return reference;
    },

    async close() {
      await cluster.delete({ apiVersion: 'v1', kind: 'Namespace', name: namespace });
      for (const reference of ofTheCluster.toReversed()) await deleteIfThere(cluster, reference);
      await cluster.close();
    },
  };
  return ground;
}

async function deleteIfThere(cluster: ConnectedCluster, reference: ObjectReference): Promise<void> {
  await cluster.delete(reference).catch((error: unknown) => {
    if (!isKubernetesError(error, 'notFound')) throw error;
  });
}

async function labelledNode(cluster: ConnectedCluster): Promise<string> {
  const name = 'node-1';
  await cluster.patch(
    { apiVersion: 'v1', kind: 'Node', name },
    { type: 'merge', body: { metadata: { labels: { 'kubernetes.io/hostname': name } } } },
  );
  return name;
}

async function settled(cluster: ConnectedCluster, reference: ObjectReference, replicas: number): Promise<void> {
  await eventually(async () => {
    const { kind, metadata, status } = await cluster.get(reference);
    const seen = (status ?? {}) as Record<string, number>;
    const counts = [
      seen['readyReplicas'] ?? seen['numberReady'] ?? 0,
      seen['updatedReplicas'] ?? seen['updatedNumberScheduled'] ?? 0,
      seen['replicas'] ?? seen['currentNumberScheduled'] ?? 0,
    ];
    const observed = (seen['observedGeneration'] ?? 0) >= (metadata.generation ?? 0);
    const rolled = kind !== 'StatefulSet' || seen['currentRevision'] === seen['updateRevision'];
    if (!observed || !rolled || counts.some((count) => count !== replicas))
      throw new Error(`${reference.name}: ${JSON.stringify(status)}`);
  });
}
