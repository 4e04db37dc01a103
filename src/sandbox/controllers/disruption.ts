import { controllerOf } from '../../kubernetes/object.ts';
import { kinds } from '../kinds/all.ts';
import { apiVersionOf, storageOf } from '../kinds/kind.ts';
import { podDisruptionBudgets } from '../kinds/policy.ts';
import { at, as } from '../resource.ts';
import { selects } from '../selectors/label-selector.ts';
import type { Budget, Pod } from '../shapes.ts';
import type { Change } from '../store/store.ts';
import { withCondition } from './conditions.ts';
import { type ControllerFactory, keyOf, splitKey } from './controller.ts';
import { POD_STORAGE, isActive, isReady, writeStatus } from './pods.ts';
import { shareOf } from './share.ts';

const STORAGE = storageOf(podDisruptionBudgets);
/** An eviction that was granted but never became a deletion stops counting after that long. */
const DISRUPTION_MS = 120_000;

/** Counts how many pods each budget can spare. */
export const disruptionController: ControllerFactory = ({ store, later }) => {
  return { name: 'disruption-controller', keys, reconcile };

  function keys(change: Change): string[] {
    if (change.storage === STORAGE) return change.type === 'DELETED' ? [] : [keyOf(change.object)];
    const isScalable = change.storage.startsWith('apps/');
    if (change.storage !== POD_STORAGE && !isScalable) return [];
    const { namespace, labels } = change.object.metadata;
    const budgets = store.list(STORAGE, namespace).map((object) => as<Budget>(object));
    return budgets
      .filter(
        ({ spec }) =>
          isScalable || selects(spec.selector, labels) || selects(spec.selector, change.previous?.metadata.labels),
      )
      .map(keyOf);
  }

  function reconcile(key: string): void {
    const { namespace, name } = splitKey(key);
    const found = store.get(STORAGE, namespace, name);
    if (!found) return;
    const budget = as<Budget>(found);
    const pods = store
      .list(POD_STORAGE, namespace)
      .map((object) => as<Pod>(object))
      .filter((pod) => isLiving(pod) && selects(budget.spec.selector, pod.metadata.labels));
    const { expectedPods, desiredHealthy } = wanted(budget, pods);
    const disrupted = stillDisrupted(budget, pods, key);
    const currentHealthy = pods.filter(
      (pod) => isReady(pod) && isActive(pod) && !(pod.metadata.name in disrupted),
    ).length;
    const disruptionsAllowed = expectedPods > 0 ? Math.max(0, currentHealthy - desiredHealthy) : 0;
    const enough = disruptionsAllowed > 0;
    const condition = {
      type: 'DisruptionAllowed',
      status: enough ? 'True' : 'False',
      reason: enough ? 'SufficientPods' : 'InsufficientPods',
      message: '',
      observedGeneration: budget.metadata.generation,
    };
    writeStatus(store, podDisruptionBudgets, budget, {
      disruptionsAllowed,
      currentHealthy,
      desiredHealthy,
      expectedPods,
      ...(Object.keys(disrupted).length > 0 ? { disruptedPods: disrupted } : {}),
      observedGeneration: budget.metadata.generation,
      conditions: withCondition(budget.status.conditions, condition, store.timestamp()),
    });
  }

  function wanted({ spec }: Budget, pods: Pod[]): { expectedPods: number; desiredHealthy: number } {
    if (typeof spec.minAvailable === 'number') return { expectedPods: pods.length, desiredHealthy: spec.minAvailable };
    const expectedPods = expectedScale(pods);
    if (spec.minAvailable !== undefined)
      return { expectedPods, desiredHealthy: shareOf(spec.minAvailable, expectedPods, 'up') };
    return {
      expectedPods,
      desiredHealthy: Math.max(0, expectedPods - shareOf(spec.maxUnavailable ?? 0, expectedPods, 'up')),
    };
  }

  /** What the pods' workloads ask for: the number that percentages and maxUnavailable are of. */
  function expectedScale(pods: Pod[]): number {
    const scales = new Map<string, number>();
    for (const pod of pods) {
      const top = topController(pod);
      if (top) scales.set(top.uid, top.replicas);
    }
    return [...scales.values()].reduce((sum, replicas) => sum + replicas, 0);
  }

  function topController(pod: Pod): { uid: string; replicas: number } | undefined {
    const first = ownerOf(pod);
    const second = first ? ownerOf(first) : undefined;
    const top = second ?? first;
    const replicas = at(top, 'spec', 'replicas');
    return top && typeof replicas === 'number' ? { uid: top.metadata.uid ?? '', replicas } : undefined;
  }

  function ownerOf(object: Parameters<typeof controllerOf>[0]): ReturnType<typeof store.get> {
    const owner = controllerOf(object);
    const kind =
      owner &&
      kinds.find((entry) => entry.scale && entry.kind === owner.kind && apiVersionOf(entry) === owner.apiVersion);
    return kind && store.get(storageOf(kind), object.metadata.namespace, owner.name);
  }

  function stillDisrupted(budget: Budget, pods: Pod[], key: string): Record<string, string> {
    const now = store.now().getTime();
    const left = Object.entries(budget.status.disruptedPods ?? {}).filter(([name, since]) => {
      const pod = pods.find((entry) => entry.metadata.name === name);
      return pod && !pod.metadata.deletionTimestamp && Date.parse(since) + DISRUPTION_MS > now;
    });
    const oldest = Math.min(...left.map(([, since]) => Date.parse(since)));
    if (left.length > 0) later(key, oldest + DISRUPTION_MS - now);
    return Object.fromEntries(left);
  }
};

function isLiving(pod: Pod): boolean {
  return pod.status.phase !== 'Succeeded' && pod.status.phase !== 'Failed';
}
