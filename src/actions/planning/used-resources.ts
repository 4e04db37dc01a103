import { isKubernetesError } from '../../kubernetes/errors.ts';
import type { KubernetesObject } from '../../kubernetes/object.ts';
import { formatQuantity, parseQuantity } from '../../kubernetes/quantities.ts';
import type { ClusterReader } from '../../kubernetes/reader.ts';
import { selectorTextOf } from '../../kubernetes/selector-of.ts';
import { listAt, textAt } from '../../kubernetes/value-at.ts';
import { type ResourceName, resourceNames } from './container-resources.ts';
import type { Recommendation, Strategy } from './recommended-resources.ts';

/** So much more than is used now is asked for, in percent: one look at the usage is no history. */
const headroom: Record<Strategy, bigint> = { cost: 15n, balanced: 30n, performance: 100n };

/** Steps in which amounts are written, so that two looks at the same usage give the same; and the least that is asked for. */
const steps: Record<ResourceName, bigint> = { cpu: 10n * 10n ** 6n, memory: 16n * 1024n ** 2n * 10n ** 9n };

/**
 * What the containers of a workload use now, the most of any of its pods, with headroom; undefined where the metrics API
 * is not there or has measured nothing of them yet.
 */
export async function usedResources(
  cluster: ClusterReader,
  workload: KubernetesObject,
  strategy: Strategy,
): Promise<Recommendation | undefined> {
  const measured = await measuredPods(cluster, workload);
  const most = new Map<string, Record<ResourceName, bigint>>();
  for (const container of measured.flatMap((pod) => listAt(pod, ['containers']))) {
    const name = textAt(container, ['name']) ?? '';
    const known = most.get(name) ?? { cpu: 0n, memory: 0n };
    for (const resource of resourceNames) {
      const used = parseQuantity(textAt(container, ['usage', resource]) ?? '')?.nano ?? 0n;
      if (used > known[resource]) known[resource] = used;
    }
    most.set(name, known);
  }
  if (most.size === 0) return undefined;
  return {
    source: `the usage of ${measured.length} pods now and ${headroom[strategy]} % of headroom`,
    requests: new Map([...most].map(([name, used]) => [name, withHeadroom(used, strategy)])),
    tolerance: 0.1,
    warnings: [`Reckoned from one look at the usage of ${measured.length} pods: a peak of another hour is not in it`],
  };
}

async function measuredPods(cluster: ClusterReader, workload: KubernetesObject): Promise<KubernetesObject[]> {
  const labelSelector = selectorTextOf(workload);
  const { namespace } = workload.metadata;
  if (!labelSelector || !namespace) return [];
  try {
    const query = { apiVersion: 'metrics.k8s.io/v1beta1', kind: 'PodMetrics', namespace, labelSelector };
    return (await cluster.list(query)).items;
  } catch (error) {
    // 503: the metrics server is registered, and does not answer.
    if (isKubernetesError(error, 'notFound') || (isKubernetesError(error) && error.status === 503)) return [];
    throw error;
  }
}

function withHeadroom(used: Record<ResourceName, bigint>, strategy: Strategy): Record<ResourceName, string> {
  const amount = (resource: ResourceName) => {
    const wanted = (used[resource] * (100n + headroom[strategy])) / 100n;
    const step = steps[resource];
    const rounded = ((wanted + step - 1n) / step) * step;
    return formatQuantity({
      nano: rounded > step ? rounded : step,
      notation: resource === 'memory' ? 'binary' : 'decimal',
    });
  };
  return { cpu: amount('cpu'), memory: amount('memory') };
}
