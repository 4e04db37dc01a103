import type { KubernetesObject, ObjectReference } from '../kubernetes/object.ts';
import { describeReference } from '../kubernetes/describe-reference.ts';
import { conditionOf } from '../kubernetes/conditions.ts';
import { numberAt, textAt } from '../kubernetes/value-at.ts';
import type { ExpectationKind, Judgement } from './expectation.ts';
import { found, queryOf, watchPermissions } from './object-query.ts';

/** The controller has seen the newest spec and every pod of it is in place (what `kubectl rollout status` waits for). */
export interface RolloutComplete {
  kind: 'rollout_complete';
  target: ObjectReference;
}

export function rolledOut(target: ObjectReference): RolloutComplete {
  return { kind: 'rollout_complete', target };
}

export const rolloutCompleteKind: ExpectationKind<RolloutComplete> = {
  describe: ({ target }) => `the rollout of ${describeReference(target)} is complete`,
  permissions: ({ target }) => watchPermissions(target),
  query: ({ target }) => queryOf(target),
  judge({ target }, objects) {
    const object = found(target, objects);
    if (!object) return { state: 'failed', detail: `${describeReference(target)} is gone` };
    const observed = numberAt(object, ['status', 'observedGeneration']);
    if (observed < (object.metadata.generation ?? 0)) {
      return waiting('the controller has not seen the new spec yet');
    }
    switch (object.kind) {
      case 'Deployment':
        return judgeDeployment(object);
      case 'StatefulSet':
        return judgeStatefulSet(object);
      case 'DaemonSet':
        return judgeDaemonSet(object);
      default:
        return { state: 'failed', detail: `a ${object.kind} has no rollout` };
    }
  },
};

function judgeDeployment(object: KubernetesObject): Judgement {
  const wanted = numberAt(object, ['spec', 'replicas'], 1);
  const updated = numberAt(object, ['status', 'updatedReplicas']);
  const present = numberAt(object, ['status', 'replicas']);
  const available = numberAt(object, ['status', 'availableReplicas']);
  const deadline = deadlineExceeded(object);
  if (deadline) return { state: 'failed', detail: deadline };
  if (updated < wanted)
    return waiting(`${updated} of ${wanted} new replicas have been created${creationFailure(object)}`);
  if (present > updated) return waiting(`${present - updated} old replicas are still to go`);
  if (available < updated)
    return waiting(`${available} of ${updated} new replicas are available${creationFailure(object)}`);
  return { state: 'holds' };
}

function judgeStatefulSet(object: KubernetesObject): Judgement {
  const wanted = numberAt(object, ['spec', 'replicas'], 1);
  const ready = numberAt(object, ['status', 'readyReplicas']);
  if (ready < wanted) return waiting(`${ready} of ${wanted} pods are ready`);
  const partition = numberAt(object, ['spec', 'updateStrategy', 'rollingUpdate', 'partition']);
  const due = wanted - partition;
  const updated = numberAt(object, ['status', 'updatedReplicas']);
  if (partition > 0) {
    return updated < due ? waiting(`${updated} of ${due} pods above the partition are updated`) : { state: 'holds' };
  }
  const settled = textAt(object, ['status', 'currentRevision']) === textAt(object, ['status', 'updateRevision']);
  if (!settled) return waiting(`${updated} of ${wanted} pods are updated`);
  return { state: 'holds' };
}

function judgeDaemonSet(object: KubernetesObject): Judgement {
  const desired = numberAt(object, ['status', 'desiredNumberScheduled']);
  const updated = numberAt(object, ['status', 'updatedNumberScheduled']);
  const available = numberAt(object, ['status', 'numberAvailable']);
  if (updated < desired) return waiting(`${updated} of ${desired} pods are updated`);
  if (available < desired) return waiting(`${available} of ${desired} pods are available`);
  return { state: 'holds' };
}

/** The message of the condition that says that the rollout has given up, if it has. */
function deadlineExceeded(object: KubernetesObject): string | undefined {
  const progressing = conditionOf(object, 'Progressing');
  if (textAt(progressing, ['reason']) !== 'ProgressDeadlineExceeded') return undefined;
  return `ProgressDeadlineExceeded: ${textAt(progressing, ['message']) ?? 'the rollout made no progress'}`;
}

/** The API server's own words where it refuses the new pods, such as over a quota. It may yet take them: old ones leave. */
function creationFailure(object: KubernetesObject): string {
  const failure = conditionOf(object, 'ReplicaFailure');
  const message = textAt(failure, ['message']);
  return message && textAt(failure, ['status']) === 'True' ? `: ${message}` : '';
}

function waiting(detail: string): Judgement {
  return { state: 'waiting', detail };
}
