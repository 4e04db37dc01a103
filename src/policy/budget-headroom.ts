import type { Plan } from '../changes/plan.ts';
import { isReadyToStay } from '../kubernetes/conditions.ts';
import { describeReference } from '../kubernetes/describe-reference.ts';
import { budgetsOf } from '../kubernetes/disruption-budgets.ts';
import { type KubernetesObject, referenceTo } from '../kubernetes/object.ts';
import type { ClusterReader } from '../kubernetes/reader.ts';
import { selectorOf } from '../kubernetes/selector-of.ts';
import { matchesSelector } from '../kubernetes/selectors.ts';
import { numberAt, valueAt } from '../kubernetes/value-at.ts';
import { rolledOut, takesPodsFirst } from './rolled-out.ts';
import { objectsOf, type Rule, writesTo } from './rule.ts';

/**
 * The API server asks disruption budgets before it evicts, and an eviction waits for them. Nothing asks them about pods that
 * are deleted, or replaced by a rollout that takes ready ones first: that needs a budget that can spare one.
 */
export const budgetHeadroom: Rule = {
  name: 'budget_headroom',
  denies: 'Deleting a pod, or a rollout that takes pods first, past a disruption budget that can spare none.',
  codes: ['policy_denied'],
  permissions: [{ apiGroups: ['policy'], resources: ['poddisruptionbudgets'], verbs: ['list'] }],

  async judge({ cluster, plan }) {
    const taken = [
      ...(await deletedPods(cluster, plan)).map((pod) => ({ object: pod, labels: pod.metadata.labels ?? {} })),
      ...(await rolledOut(cluster, plan))
        .filter(takesPodsFirst)
        .map((workload) => ({ object: workload, labels: labelsOf(workload) })),
    ];
    const budgets = await budgetsOf(
      cluster,
      taken.flatMap(({ object }) => object.metadata.namespace ?? []),
    );
    for (const { object, labels } of taken) {
      const budget = budgets.find((one) => sparesNone(one) && selects(one, object, labels));
      if (!budget) continue;
      const { name, namespace = '' } = budget.metadata;
      return {
        verdict: 'deny',
        code: 'policy_denied',
        reason: `budget ${namespace}/${name} can spare no pod (${numberAt(budget, ['status', 'currentHealthy'], 0)} of ${numberAt(budget, ['status', 'expectedPods'], 0)} are healthy, ${numberAt(budget, ['status', 'desiredHealthy'], 0)} have to be), and ${describeReference(referenceTo(object))} would lose one`,
        hint: 'Wait until its other pods are healthy, or scale it up first; an eviction (restart_pod without force) waits by itself',
      };
    }
    return undefined;
  },
};

async function deletedPods(cluster: ClusterReader, plan: Plan): Promise<KubernetesObject[]> {
  const deletes = writesTo(plan).filter((change) => change.kind === 'delete' && change.target.kind === 'Pod');
  return (await objectsOf(cluster, deletes)).filter(isReadyToStay);
}

function labelsOf(workload: KubernetesObject): Record<string, string> {
  const labels = valueAt(workload, ['spec', 'template', 'metadata', 'labels']);
  if (typeof labels !== 'object' || labels === null) return {};
  return Object.fromEntries(Object.entries(labels).map(([key, value]) => [key, String(value)]));
}

/** Until the controller has looked at it, a budget says nothing. */
function sparesNone(budget: KubernetesObject): boolean {
  const observed = numberAt(budget, ['status', 'observedGeneration'], 0);
  return observed > 0 && numberAt(budget, ['status', 'disruptionsAllowed'], 0) === 0;
}

function selects(budget: KubernetesObject, { metadata }: KubernetesObject, labels: Record<string, string>): boolean {
  const selector = selectorOf(budget);
  return budget.metadata.namespace === metadata.namespace && !!selector && matchesSelector(selector, labels);
}
