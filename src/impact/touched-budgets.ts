import { budgetsFor, budgetsOf } from '../kubernetes/disruption-budgets.ts';
import type { ClusterReader } from '../kubernetes/reader.ts';
import { numberAt } from '../kubernetes/value-at.ts';
import type { PodGroup } from './pod-group.ts';

export interface TouchedBudget {
  namespace: string;
  name: string;
  /** Of the pods that are touched. */
  pods: number;
  disruptions_allowed: number;
}

/** The disruption budgets that some of the pods are under, and what they can spare now. */
export async function touchedBudgets(cluster: ClusterReader, groups: readonly PodGroup[]): Promise<TouchedBudget[]> {
  const pods = groups.filter(({ touched }) => touched > 0).flatMap((group) => group.pods);
  const budgets = await budgetsOf(
    cluster,
    pods.flatMap(({ metadata }) => metadata.namespace ?? []),
  );
  return budgets.flatMap((budget) => {
    const { namespace = '', name } = budget.metadata;
    const own = pods.filter((pod) => budgetsFor(pod, [budget]).length > 0).length;
    if (own === 0) return [];
    return [{ namespace, name, pods: own, disruptions_allowed: numberAt(budget, ['status', 'disruptionsAllowed'], 0) }];
  });
}
