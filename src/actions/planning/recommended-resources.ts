import { isKubernetesError } from '../../kubernetes/errors.ts';
import { type Json, type KubernetesObject, referenceTo } from '../../kubernetes/object.ts';
import type { ClusterReader } from '../../kubernetes/reader.ts';
import { aimsAt } from '../../kubernetes/scale-target.ts';
import { listAt, textAt } from '../../kubernetes/value-at.ts';
import { type ResourceName, resourceNames } from './container-resources.ts';

export type Strategy = 'cost' | 'performance' | 'balanced';

/** What each container should ask for, by its name, and where that comes from. */
export interface Recommendation {
  source: string;
  requests: Map<string, { [resource in ResourceName]?: string }>;
  /** Amounts that differ less than this from what is there are not worth a rollout. */
  tolerance: number;
  warnings: string[];
}

const bounds: Record<Strategy, string> = { cost: 'lowerBound', balanced: 'target', performance: 'upperBound' };

/** What the workload's VerticalPodAutoscaler recommends; undefined where there is none, or it has nothing to say yet. */
export async function recommendedResources(
  cluster: ClusterReader,
  workload: KubernetesObject,
  strategy: Strategy,
): Promise<Recommendation | undefined> {
  const vpa = await verticalAutoscalerOf(cluster, workload);
  if (!vpa) return undefined;
  const requests = new Map(
    listAt(vpa, ['status', 'recommendation', 'containerRecommendations']).flatMap((container) => {
      const amounts = amountsIn(container, bounds[strategy]);
      return Object.keys(amounts).length > 0 ? [[textAt(container, ['containerName']) ?? '', amounts] as const] : [];
    }),
  );
  if (requests.size === 0) return undefined;
  const mode = textAt(vpa, ['spec', 'updatePolicy', 'updateMode']) ?? 'Recreate';
  const { name } = vpa.metadata;
  return {
    source: `the ${bounds[strategy]} of VerticalPodAutoscaler ${name}`,
    requests,
    tolerance: 0,
    warnings:
      mode === 'Off'
        ? []
        : [
            `VerticalPodAutoscaler ${name} is in the mode ${mode}: it gives new pods its own target, whatever the template says`,
          ],
  };
}

async function verticalAutoscalerOf(
  cluster: ClusterReader,
  workload: KubernetesObject,
): Promise<KubernetesObject | undefined> {
  const { namespace } = workload.metadata;
  try {
    const { items } = await cluster.list({
      apiVersion: 'autoscaling.k8s.io/v1',
      kind: 'VerticalPodAutoscaler',
      ...(namespace ? { namespace } : {}),
    });
    return items.find((item) => aimsAt(item, 'targetRef', referenceTo(workload)));
  } catch (error) {
    if (isKubernetesError(error, 'notFound')) return undefined;
    throw error;
  }
}

function amountsIn(container: Json, bound: string): { [resource in ResourceName]?: string } {
  return Object.fromEntries(
    resourceNames.flatMap((name) => {
      const amount = textAt(container, [bound, name]);
      return amount === undefined ? [] : [[name, amount] as const];
    }),
  );
}
