import { deployments } from '../kinds/deployment.ts';
import { storageOf } from '../kinds/kind.ts';
import { replicaSets } from '../kinds/replica-set.ts';
import { as } from '../resource.ts';
import type { Deployment, Pod, ReplicaSet } from '../shapes.ts';
import { deleteObject } from '../write/delete-object.ts';
import { updateObject } from '../write/update-object.ts';
import type { ControllerContext } from './controller.ts';
import { limitsOf } from './deployment-limits.ts';
import { ensureNewest } from './newest-replica-set.ts';
import { POD_STORAGE } from './pods.ts';
import { proportions } from './proportional-scale.ts';
import { newestOf, revisionOf } from './replica-sets-of.ts';

const DESIRED = 'deployment.kubernetes.io/desired-replicas';
const MAXIMUM = 'deployment.kubernetes.io/max-replicas';
const COMPONENT = 'deployment-controller';

/** Returns the step that brings the ReplicaSets nearer to what the Deployment asks for. */
export function createRollout({
  store,
  events,
}: ControllerContext): (deployment: Deployment, sets: ReplicaSet[]) => void {
  return (deployment, sets) => {
    const newest = newestOf(deployment, sets);
    if (deployment.spec.paused || isRescaled(deployment, sets)) return rescale(deployment, sets, newest);
    if (deployment.spec.strategy.type === 'Recreate') recreate(deployment, sets, newest);
    else roll(deployment, sets, newest);
  };

  function roll(deployment: Deployment, sets: ReplicaSet[], known: ReplicaSet | undefined): void {
    const newest = ensureNewest(store, { deployment, sets, known, replicas: initialReplicas(deployment, sets) });
    if (!newest) return;
    if (!known) announce(deployment, newest, 0, newest.spec.replicas);
    const old = sets.filter((set) => set.metadata.uid !== newest.metadata.uid);
    const grown = growNewest(deployment, newest, old);
    shrinkOld(deployment, grown, old);
    cleanUp(deployment, grown, old);
  }

  function initialReplicas(deployment: Deployment, sets: ReplicaSet[]): number {
    if (deployment.spec.strategy.type === 'Recreate') return deployment.spec.replicas;
    const { surge } = limitsOf(deployment);
    return Math.max(0, Math.min(deployment.spec.replicas, deployment.spec.replicas + surge - total(sets)));
  }

  function growNewest(deployment: Deployment, newest: ReplicaSet, old: ReplicaSet[]): ReplicaSet {
    const { replicas } = deployment.spec;
    if (newest.spec.replicas === replicas) return scaleTo(deployment, newest, replicas);
    if (newest.spec.replicas > replicas) return scaleTo(deployment, newest, replicas);
    const room = replicas + limitsOf(deployment).surge - total([...old, newest]);
    return room <= 0 ? newest : scaleTo(deployment, newest, Math.min(replicas, newest.spec.replicas + room));
  }

  function shrinkOld(deployment: Deployment, newest: ReplicaSet, old: ReplicaSet[]): void {
    const minimum = deployment.spec.replicas - limitsOf(deployment).unavailable;
    const missing = newest.spec.replicas - (newest.status.availableReplicas ?? 0);
    let budget = total([...old, newest]) - minimum - missing;
    if (budget <= 0) return;
    const sizes = new Map(old.map((set) => [set, set.spec.replicas]));
    // Pods that don't serve go first; they are not missed.
    for (const set of old) {
      const unhealthy = Math.min(budget, set.spec.replicas - (set.status.availableReplicas ?? 0));
      if (unhealthy <= 0) continue;
      sizes.set(set, set.spec.replicas - unhealthy);
      budget -= unhealthy;
    }
    let spare = available([...old, newest]) - minimum;
    for (const set of old) {
      const size = sizes.get(set) ?? 0;
      const gone = Math.max(0, Math.min(spare, size, budget));
      sizes.set(set, size - gone);
      spare -= gone;
    }
    for (const [set, size] of sizes) scaleTo(deployment, set, size);
  }

  function recreate(deployment: Deployment, sets: ReplicaSet[], known: ReplicaSet | undefined): void {
    const old = sets.filter((set) => set !== known);
    for (const set of old) scaleTo(deployment, set, 0);
    const running = old.some((set) =>
      store
        .dependentsOf(set.metadata.uid ?? '')
        .some(({ storage, object }) => storage === POD_STORAGE && !isFinished(as<Pod>(object))),
    );
    if (running) return;
    const newest = ensureNewest(store, { deployment, sets, known, replicas: deployment.spec.replicas });
    if (!newest) return;
    if (!known) announce(deployment, newest, 0, newest.spec.replicas);
    cleanUp(deployment, scaleTo(deployment, newest, deployment.spec.replicas), old);
  }

  /** The number of replicas changed, or nothing may roll: what is there is scaled as it stands. */
  function rescale(deployment: Deployment, sets: ReplicaSet[], newest: ReplicaSet | undefined): void {
    const active = sets.filter((set) => set.spec.replicas > 0);
    const { replicas } = deployment.spec;
    const only = active.length === 1 ? active[0] : active.length === 0 ? (newest ?? sets.at(-1)) : undefined;
    if (only) return void scaleTo(deployment, only, replicas);
    const saturated =
      newest &&
      newest.spec.replicas === replicas &&
      Number(newest.metadata.annotations?.[DESIRED]) === replicas &&
      newest.status.availableReplicas === replicas;
    if (saturated) {
      for (const set of sets) if (set !== newest) scaleTo(deployment, set, 0);
      return;
    }
    if (deployment.spec.strategy.type !== 'RollingUpdate') return;
    const allowed = replicas > 0 ? replicas + limitsOf(deployment).surge : 0;
    const sizes = proportions(
      active.map((set) => ({
        replicas: set.spec.replicas,
        before: Number(set.metadata.annotations?.[MAXIMUM] ?? 0) || total(active),
      })),
      allowed,
    );
    active.forEach((set, index) => scaleTo(deployment, set, sizes[index] ?? set.spec.replicas));
  }

  function scaleTo(deployment: Deployment, set: ReplicaSet, replicas: number): ReplicaSet {
    const before = set.spec.replicas;
    const maximum = deployment.spec.replicas + limitsOf(deployment).surge;
    const result = updateObject(
      store,
      { kind: replicaSets, namespace: set.metadata.namespace, name: set.metadata.name },
      (draft) => {
        as<ReplicaSet>(draft).spec.replicas = replicas;
        draft.metadata.annotations = {
          ...draft.metadata.annotations,
          [DESIRED]: String(deployment.spec.replicas),
          [MAXIMUM]: String(maximum),
        };
      },
    );
    if (before !== replicas) announce(deployment, set, before, replicas);
    return as<ReplicaSet>(result);
  }

  function announce(deployment: Deployment, set: ReplicaSet, from: number, to: number): void {
    if (from === to) return;
    const message = `Scaled ${to > from ? 'up' : 'down'} replica set ${set.metadata.name} from ${from} to ${to}`;
    events.record(deployment, { type: 'Normal', reason: 'ScalingReplicaSet', message, component: COMPONENT });
  }

  function cleanUp(deployment: Deployment, newest: ReplicaSet, old: ReplicaSet[]): void {
    const limit = deployment.spec.revisionHistoryLimit ?? 10;
    const current = store.get(storageOf(deployments), deployment.metadata.namespace, deployment.metadata.name);
    if (!current || newest.status.availableReplicas !== deployment.spec.replicas) return;
    const idle = old
      .filter((set) => set.spec.replicas === 0 && (set.status.replicas ?? 0) === 0 && !set.metadata.deletionTimestamp)
      .sort((a, b) => revisionOf(a) - revisionOf(b));
    for (const set of idle.slice(0, Math.max(0, idle.length - limit)))
      deleteObject(store, replicaSets, { namespace: set.metadata.namespace, name: set.metadata.name });
  }
}

function isRescaled(deployment: Deployment, sets: ReplicaSet[]): boolean {
  return sets.some((set) => {
    const desired = set.metadata.annotations?.[DESIRED];
    return set.spec.replicas > 0 && desired !== undefined && Number(desired) !== deployment.spec.replicas;
  });
}

function total(sets: ReplicaSet[]): number {
  return sets.reduce((sum, set) => sum + set.spec.replicas, 0);
}

function available(sets: ReplicaSet[]): number {
  return sets.reduce((sum, set) => sum + (set.status.availableReplicas ?? 0), 0);
}

function isFinished(pod: Pod): boolean {
  return pod.status.phase === 'Succeeded' || pod.status.phase === 'Failed';
}
