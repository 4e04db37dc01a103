import { controllerOf } from '../../kubernetes/object.ts';
import { storageOf } from '../kinds/kind.ts';
import { pods } from '../kinds/pod.ts';
import { replicaSets } from '../kinds/replica-set.ts';
import { type Resource, as } from '../resource.ts';
import { selects } from '../selectors/label-selector.ts';
import type { Pod, ReplicaSet } from '../shapes.ts';
import type { Change } from '../store/store.ts';
import { createObject } from '../write/create-object.ts';
import { deleteObject } from '../write/delete-object.ts';
import { type ControllerFactory, keyOf, splitKey } from './controller.ts';
import { inDeletionOrder } from './deletion-order.ts';
import {
  POD_STORAGE,
  availability,
  claimPods,
  isActive,
  isReady,
  orNothing,
  ownerKeys,
  podFrom,
  writeStatus,
} from './pods.ts';

const STORAGE = storageOf(replicaSets);
const COMPONENT = 'replicaset-controller';

/** Keeps as many pods of a template as are asked for. */
export const replicaSetController: ControllerFactory = ({ store, events, later }) => {
  return { name: COMPONENT, keys, reconcile };

  function keys(change: Change): string[] {
    if (change.storage === STORAGE) return [keyOf(change.object)];
    if (change.storage !== POD_STORAGE) return [];
    const before = change.previous ? ownerKeys(change.previous, replicaSets) : [];
    const now = controllerOf(change.object) ? ownerKeys(change.object, replicaSets) : selecting(change.object);
    return [...new Set([...before, ...now])];
  }

  /** An orphan may be adopted by any that selects it. */
  function selecting(pod: Resource): string[] {
    const sets = store.list(STORAGE, pod.metadata.namespace).map((object) => as<ReplicaSet>(object));
    return sets.filter((set) => selects(set.spec.selector, pod.metadata.labels)).map(keyOf);
  }

  function reconcile(key: string): void {
    const { namespace, name } = splitKey(key);
    const found = store.get(STORAGE, namespace, name);
    if (!found) return;
    const set = as<ReplicaSet>(found);
    const claimed = claimPods(store, set, set.spec.selector);
    if (!set.metadata.deletionTimestamp) correct(set, claimed.filter(isActive));
    report(set, key);
  }

  function correct(set: ReplicaSet, active: Pod[]): void {
    const missing = set.spec.replicas - active.length;
    for (let made = 0; made < missing; made += 1) {
      const pod = createObject(store, pods, podFrom(set.spec.template, set, { generateName: `${set.metadata.name}-` }));
      events.record(set, {
        type: 'Normal',
        reason: 'SuccessfulCreate',
        message: `Created pod: ${pod.metadata.name}`,
        component: COMPONENT,
      });
    }
    if (missing >= 0) return;
    for (const pod of inDeletionOrder(active).slice(0, -missing)) {
      deleteObject(store, pods, { namespace: pod.metadata.namespace, name: pod.metadata.name });
      events.record(set, {
        type: 'Normal',
        reason: 'SuccessfulDelete',
        message: `Deleted pod: ${pod.metadata.name}`,
        component: COMPONENT,
      });
    }
  }

  function report(set: ReplicaSet, key: string): void {
    const claimed = claimPods(store, set, set.spec.selector);
    const active = claimed.filter(isActive);
    const states = active.map((pod) => availability(pod, set.spec.minReadySeconds ?? 0, store.now()));
    const waits = states.map((state) => state.waitMs).filter((wait) => wait > 0);
    if (waits.length > 0) later(key, Math.min(...waits));
    const labels = Object.entries(set.spec.template.metadata?.labels ?? {});
    writeStatus(store, replicaSets, set, {
      replicas: active.length,
      fullyLabeledReplicas: orNothing(
        active.filter((pod) => labels.every(([label, value]) => pod.metadata.labels?.[label] === value)).length,
      ),
      readyReplicas: orNothing(active.filter(isReady).length),
      availableReplicas: orNothing(states.filter((state) => state.available).length),
      terminatingReplicas: claimed.filter((pod) => pod.metadata.deletionTimestamp !== undefined).length,
      observedGeneration: set.metadata.generation,
    });
  }
};
