import type { KubernetesObject } from './object.ts';
import { finishedPhase } from './pod-state.ts';
import type { ClusterReader } from './reader.ts';
import { selectorOf } from './selector-of.ts';
import { matchesSelector } from './selectors.ts';
import { textAt } from './value-at.ts';

/** The disruption budgets of those namespaces, and of no other. */
export async function budgetsOf(cluster: ClusterReader, namespaces: Iterable<string>): Promise<KubernetesObject[]> {
  const lists = await Promise.all(
    [...new Set(namespaces)].map((namespace) =>
      cluster.list({ apiVersion: 'policy/v1', kind: 'PodDisruptionBudget', namespace }),
    ),
  );
  return lists.flatMap(({ items }) => items);
}

/** The names of the budgets that the API server asks before it evicts the pod. More than one, and it refuses. */
export function budgetsFor(pod: KubernetesObject, budgets: readonly KubernetesObject[]): string[] {
  // A pod that does not run disrupts nothing.
  if (finishedPhase(pod) || textAt(pod, ['status', 'phase']) === 'Pending') return [];
  return budgets
    .filter((budget) => budget.metadata.namespace === pod.metadata.namespace && selects(budget, pod))
    .map(({ metadata }) => metadata.name);
}

/** An empty selector selects every pod of the namespace, an absent one none: so it is in policy/v1. */
function selects(budget: KubernetesObject, pod: KubernetesObject): boolean {
  const selector = selectorOf(budget);
  return selector !== undefined && matchesSelector(selector, pod.metadata.labels);
}
