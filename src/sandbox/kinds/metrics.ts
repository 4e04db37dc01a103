import { type Resource, as, isRecord } from '../resource.ts';
import { canonicalQuantity, quantityNano } from '../schema/quantity.ts';
import type { Pod } from '../shapes.ts';
import type { Store } from '../store/store.ts';
import { age, nameColumn } from './columns.ts';
import type { Kind } from './kind.ts';

/** What a pod, or a node, is said to use: `{"cpu":"120m","memory":"200Mi"}`; for a pod also by container name. */
const USAGE = 'sandbox/usage';

interface Usage {
  cpu: string;
  memory: string;
}

const common = {
  group: 'metrics.k8s.io',
  version: 'v1beta1',
  type: 'io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta',
  verbs: ['get', 'list'],
  columns: [nameColumn, age],
};

/** Nothing is measured here: only pods that run and bear the annotation have metrics, and those are made up. */
export const podMetrics: Kind = {
  ...common,
  kind: 'PodMetrics',
  plural: 'pods',
  singular: '',
  namespaced: true,
  computed: (store) => store.list('/pods').flatMap((pod) => metricsOfPod(store, as<Pod>(pod)) ?? []),
};

/** A node uses what its annotation says, or else as much as its pods. */
export const nodeMetrics: Kind = {
  ...common,
  kind: 'NodeMetrics',
  plural: 'nodes',
  singular: '',
  namespaced: false,
  computed: (store) => store.list('/nodes').flatMap((node) => metricsOfNode(store, node) ?? []),
};

function metricsOfPod(store: Store, pod: Pod): Resource | undefined {
  const said = annotated(pod);
  if (!said || pod.status.phase !== 'Running') return undefined;
  const containers = pod.spec.containers.flatMap(({ name }) => {
    const usage = usageIn(said) ?? usageIn(said[name]);
    return usage ? [{ name, usage }] : [];
  });
  return containers.length > 0 ? metrics(store, pod, 'PodMetrics', { containers }) : undefined;
}

function metricsOfNode(store: Store, node: Resource): Resource | undefined {
  const own = usageIn(annotated(node));
  if (own) return metrics(store, node, 'NodeMetrics', { usage: own });
  const used = store
    .list('/pods')
    .filter((pod) => as<Pod>(pod).spec.nodeName === node.metadata.name)
    .flatMap((pod) => as<{ containers: { usage: Usage }[] }>(metricsOfPod(store, as<Pod>(pod)))?.containers ?? []);
  if (used.length === 0) return undefined;
  const total = (name: 'cpu' | 'memory'): string =>
    inOwnUnit(
      name,
      used.reduce((sum, { usage }) => sum + (quantityNano(usage[name]) ?? 0n), 0n),
    );
  return metrics(store, node, 'NodeMetrics', { usage: { cpu: total('cpu'), memory: total('memory') } });
}

function metrics(store: Store, of: Resource, kind: string, rest: Record<string, unknown>): Resource {
  const { name, namespace, labels } = of.metadata;
  const metadata = { name, ...(namespace ? { namespace } : {}), ...(labels ? { labels } : {}) };
  const timestamp = store.timestamp();
  return {
    apiVersion: 'metrics.k8s.io/v1beta1',
    kind,
    metadata: { ...metadata, creationTimestamp: timestamp },
    timestamp,
    window: '30s',
    ...rest,
  };
}

function annotated(object: Resource): Record<string, unknown> | undefined {
  try {
    const said: unknown = JSON.parse(object.metadata.annotations?.[USAGE] ?? 'null');
    return isRecord(said) ? said : undefined;
  } catch {
    return undefined;
  }
}

function usageIn(value: unknown): Usage | undefined {
  if (!isRecord(value) || typeof value.cpu !== 'string' || typeof value.memory !== 'string') return undefined;
  const [cpu, memory] = [canonicalQuantity(value.cpu), canonicalQuantity(value.memory)];
  return cpu !== undefined && memory !== undefined ? { cpu, memory } : undefined;
}

function inOwnUnit(name: 'cpu' | 'memory', nano: bigint): string {
  return name === 'cpu' ? `${nano / 1_000_000n}m` : `${nano / 1_000_000_000n / 1024n}Ki`;
}
