import { deployments } from '../kinds/deployment.ts';
import { copy } from '../resource.ts';
import type { Condition, Deployment, ReplicaSet } from '../shapes.ts';
import type { Store } from '../store/store.ts';
import { withCondition } from './conditions.ts';
import { limitsOf } from './deployment-limits.ts';
import { orNothing, writeStatus } from './pods.ts';
import { newestOf } from './replica-sets-of.ts';

type Status = Deployment['status'];

/** Writes the Deployment's status. Returns in how many milliseconds its deadline may have passed, 0 where none runs. */
export function reportDeployment(store: Store, deployment: Deployment, sets: ReplicaSet[]): number {
  const newest = newestOf(deployment, sets);
  const counted = counts(deployment, sets, newest);
  const now = store.timestamp();
  let conditions = copy(deployment.status.conditions) ?? [];
  conditions = withUpdated(conditions, availabilityOf(deployment, counted), now);
  const progress = deployment.spec.paused
    ? pausedOf(conditions)
    : progressOf({ deployment, counted, conditions, newest, now: store.now() });
  if (progress) conditions = withUpdated(conditions, progress, now, progress.reason === 'ReplicaSetUpdated');
  writeStatus(store, deployments, deployment, {
    ...counted,
    conditions,
    ...(deployment.status.collisionCount ? { collisionCount: deployment.status.collisionCount } : {}),
  });
  return deadlineMs(deployment, conditions, store.now());
}

function counts(deployment: Deployment, sets: ReplicaSet[], newest: ReplicaSet | undefined): Status {
  const sum = (read: (set: ReplicaSet) => number | undefined): number =>
    sets.reduce((total, set) => total + (read(set) ?? 0), 0);
  const available = sum((set) => set.status.availableReplicas);
  const wanted = sets.reduce((total, set) => total + set.spec.replicas, 0);
  return {
    observedGeneration: deployment.metadata.generation,
    replicas: orNothing(sum((set) => set.status.replicas)),
    updatedReplicas: orNothing(newest?.status.replicas ?? 0),
    readyReplicas: orNothing(sum((set) => set.status.readyReplicas)),
    availableReplicas: orNothing(available),
    unavailableReplicas: orNothing(Math.max(0, wanted - available)),
    terminatingReplicas: sum((set) => set.status.terminatingReplicas),
  };
}

function availabilityOf(deployment: Deployment, counted: Status): Condition {
  const enough = (counted.availableReplicas ?? 0) >= deployment.spec.replicas - limitsOf(deployment).unavailable;
  return enough
    ? {
        type: 'Available',
        status: 'True',
        reason: 'MinimumReplicasAvailable',
        message: 'Deployment has minimum availability.',
      }
    : {
        type: 'Available',
        status: 'False',
        reason: 'MinimumReplicasUnavailable',
        message: 'Deployment does not have minimum availability.',
      };
}

function pausedOf(conditions: Condition[]): Condition | undefined {
  if (conditions.some((condition) => condition.reason === 'ProgressDeadlineExceeded')) return undefined;
  return { type: 'Progressing', status: 'Unknown', reason: 'DeploymentPaused', message: 'Deployment is paused' };
}

/** What is new to say of the rollout; nothing where the last word still holds. */
function progressOf(given: {
  deployment: Deployment;
  counted: Status;
  conditions: Condition[];
  newest: ReplicaSet | undefined;
  now: Date;
}): Condition | undefined {
  const { deployment, counted, conditions, newest, now } = given;
  const current = conditions.find((condition) => condition.type === 'Progressing');
  if (current?.reason === 'DeploymentPaused')
    return { type: 'Progressing', status: 'Unknown', reason: 'DeploymentResumed', message: 'Deployment is resumed' };
  if (counted.replicas === counted.updatedReplicas && current?.reason === 'NewReplicaSetAvailable') return undefined;
  const subject = newest ? `ReplicaSet "${newest.metadata.name}"` : `Deployment "${deployment.metadata.name}"`;
  if (isComplete(deployment, counted))
    return {
      type: 'Progressing',
      status: 'True',
      reason: 'NewReplicaSetAvailable',
      message: `${subject} has successfully progressed.`,
    };
  if (isProgressing(deployment.status, counted))
    return { type: 'Progressing', status: 'True', reason: 'ReplicaSetUpdated', message: `${subject} is progressing.` };
  const timedOut =
    current?.reason === 'ProgressDeadlineExceeded' ||
    (current !== undefined &&
      current.reason !== 'NewReplicaSetAvailable' &&
      deadlineMs(deployment, conditions, now) < 0);
  return timedOut
    ? {
        type: 'Progressing',
        status: 'False',
        reason: 'ProgressDeadlineExceeded',
        message: `${subject} has timed out progressing.`,
      }
    : undefined;
}

function isComplete(deployment: Deployment, counted: Status): boolean {
  const { replicas } = deployment.spec;
  return (
    (counted.updatedReplicas ?? 0) === replicas &&
    (counted.replicas ?? 0) === replicas &&
    (counted.availableReplicas ?? 0) === replicas
  );
}

function isProgressing(before: Status, now: Status): boolean {
  const old = (status: Status): number => (status.replicas ?? 0) - (status.updatedReplicas ?? 0);
  return (
    (now.updatedReplicas ?? 0) > (before.updatedReplicas ?? 0) ||
    old(now) < old(before) ||
    (now.readyReplicas ?? 0) > (before.readyReplicas ?? 0) ||
    (now.availableReplicas ?? 0) > (before.availableReplicas ?? 0)
  );
}

/** Until the deadline; negative once it has passed, 0 where the rollout has ended. A second more: times are whole seconds. */
function deadlineMs(deployment: Deployment, conditions: Condition[], now: Date): number {
  const current = conditions.find((condition) => condition.type === 'Progressing');
  const ended = ['NewReplicaSetAvailable', 'ProgressDeadlineExceeded', 'DeploymentPaused'].includes(
    current?.reason ?? 'NewReplicaSetAvailable',
  );
  const seconds = deployment.spec.progressDeadlineSeconds;
  if (ended || seconds === undefined || seconds >= 2 ** 31 - 1) return 0;
  return Date.parse(current?.lastUpdateTime ?? '') + seconds * 1000 + 1000 - now.getTime() || -1;
}

/** A condition that says the same as before keeps its times, unless each step of progress counts. */
function withUpdated(conditions: Condition[], next: Condition, now: string, always = false): Condition[] {
  const before = conditions.find((condition) => condition.type === next.type);
  if (
    !always &&
    before &&
    before.status === next.status &&
    before.reason === next.reason &&
    before.message === next.message
  )
    return conditions;
  return withCondition(conditions, { ...next, lastUpdateTime: now }, now);
}
