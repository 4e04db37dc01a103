import { StatusError, notFound } from '../api/status-error.ts';
import { storageOf } from '../kinds/kind.ts';
import { pods } from '../kinds/pod.ts';
import { podDisruptionBudgets } from '../kinds/policy.ts';
import { type Resource, as, copy } from '../resource.ts';
import { selects } from '../selectors/label-selector.ts';
import type { Budget, Pod } from '../shapes.ts';
import type { Store } from '../store/store.ts';
import { type DeleteOptions, deleteObject } from './delete-object.ts';

const DISRUPTED_LIMIT = 2_000;

/**
 * Deletes a pod if its disruption budget allows. The budget is charged before the deletion is tried, so that an eviction
 * whose precondition then fails has used it up all the same until the controller counts again - as on the API server.
 * Throws a StatusError: 404, 409, 429 without headroom, 500 where several budgets select the pod.
 */
export function evictPod(store: Store, key: { namespace: string; name: string }, options: DeleteOptions): void {
  const found = store.get(storageOf(pods), key.namespace, key.name);
  if (!found) throw notFound(pods, key.name);
  const pod = as<Pod>(found);
  const [budget, second] = isBeyondBudgets(pod) ? [] : budgetsOf(store, pod);
  if (second)
    throw new StatusError(
      500,
      undefined,
      'This pod has more than one PodDisruptionBudget, which the eviction subresource does not support.',
    );
  if (budget && !mayGoUnhealthy(pod, budget)) charge(store, budget, pod, options.dryRun === true);
  deleteObject(store, pods, key, options);
}

/** Pods that do not run, or are on their way out, disrupt nothing. */
function isBeyondBudgets(pod: Pod): boolean {
  return (
    pod.metadata.deletionTimestamp !== undefined || ['Succeeded', 'Failed', 'Pending'].includes(pod.status.phase ?? '')
  );
}

function budgetsOf(store: Store, pod: Pod): Budget[] {
  const all = store.list(storageOf(podDisruptionBudgets), pod.metadata.namespace).map((object) => as<Budget>(object));
  return all.filter((budget) => selects(budget.spec.selector, pod.metadata.labels));
}

/** An unready pod may go where the policy says so, or where the healthy ones are enough without it. */
function mayGoUnhealthy(pod: Pod, budget: Budget): boolean {
  const ready = pod.status.conditions?.some((condition) => condition.type === 'Ready' && condition.status === 'True');
  if (ready) return false;
  if (budget.spec.unhealthyPodEvictionPolicy === 'AlwaysAllow') return true;
  return budget.status.currentHealthy >= budget.status.desiredHealthy && budget.status.desiredHealthy > 0;
}

function charge(store: Store, budget: Budget, pod: Pod, dryRun: boolean): void {
  const { status, metadata } = budget;
  if ((status.observedGeneration ?? 0) < (metadata.generation ?? 0))
    throw refusal(`The disruption budget ${metadata.name} is still being processed by the server.`, 10);
  if (status.disruptionsAllowed <= 0) {
    throw refusal(
      `The disruption budget ${metadata.name} needs ${status.desiredHealthy} healthy pods and has ${status.currentHealthy} currently`,
    );
  }
  if (Object.keys(status.disruptedPods ?? {}).length > DISRUPTED_LIMIT) {
    throw new StatusError(
      403,
      'Forbidden',
      `DisruptedPods map too big - too many evictions not confirmed by PDB controller`,
    );
  }
  if (dryRun) return;
  const draft = as<Budget>(copy<Resource>(budget));
  draft.status.disruptionsAllowed -= 1;
  draft.status.disruptedPods = { ...draft.status.disruptedPods, [pod.metadata.name]: store.timestamp() };
  store.put(storageOf(podDisruptionBudgets), draft);
}

function refusal(message: string, retryAfterSeconds?: number): StatusError {
  return new StatusError(429, 'TooManyRequests', "Cannot evict pod as it would violate the pod's disruption budget.", {
    causes: [{ reason: 'DisruptionBudget', message }],
    ...(retryAfterSeconds ? { retryAfterSeconds } : {}),
  });
}
