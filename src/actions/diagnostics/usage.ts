import { isKubernetesError } from '../../kubernetes/errors.ts';
import type { JsonObject, KubernetesObject } from '../../kubernetes/object.ts';
import type { ClusterReader } from '../../kubernetes/reader.ts';
import { listAt, textAt, valueAt } from '../../kubernetes/value-at.ts';
import type { Part } from './part.ts';

export type Usage = { pods: JsonObject[]; nodes: JsonObject[] };

const apiVersion = 'metrics.k8s.io/v1beta1';

/** What the pods and the nodes use now, from the metrics API. Pods that it has not measured yet are left out. */
export async function usageOf(
  cluster: ClusterReader,
  pods: readonly KubernetesObject[],
  nodes: readonly KubernetesObject[],
): Promise<Part<Usage>> {
  const [podUsage, nodeUsage] = await Promise.all([
    Promise.all(pods.map((pod) => measured(cluster, 'PodMetrics', pod))),
    Promise.all(nodes.map((node) => measured(cluster, 'NodeMetrics', node))),
  ]);
  const all = { pods: podUsage.filter(isMeasured), nodes: nodeUsage.filter(isMeasured) };
  if (all.pods.length > 0 || all.nodes.length > 0) return all;
  return { unavailable: 'The cluster has no metrics API (metrics.k8s.io), or has measured nothing of this yet' };
}

async function measured(
  cluster: ClusterReader,
  kind: 'PodMetrics' | 'NodeMetrics',
  { metadata: { name, namespace } }: KubernetesObject,
): Promise<JsonObject | undefined> {
  try {
    const metrics = await cluster.get({ apiVersion, kind, name, ...(namespace ? { namespace } : {}) });
    if (kind === 'NodeMetrics') return { name, usage: valueAt(metrics, ['usage']) ?? {} };
    const containers = listAt(metrics, ['containers']).map((container) => ({
      name: textAt(container, ['name']) ?? '',
      usage: valueAt(container, ['usage']) ?? {},
    }));
    return { name, containers };
  } catch (error) {
    if (isKubernetesError(error, 'notFound')) return undefined;
    throw error;
  }
}

function isMeasured(usage: JsonObject | undefined): usage is JsonObject {
  return usage !== undefined;
}
