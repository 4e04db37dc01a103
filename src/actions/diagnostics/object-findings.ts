import { conditionOf } from '../../kubernetes/conditions.ts';
import { describeReference } from '../../kubernetes/describe-reference.ts';
import { type KubernetesObject, referenceTo } from '../../kubernetes/object.ts';
import { numberAt, textAt, valueAt } from '../../kubernetes/value-at.ts';

/** What an object's own status tells to be wrong with it. */
export function objectFindings(object: KubernetesObject): string[] {
  const named = describeReference(referenceTo(object));
  const found = [...(byKind[object.kind]?.(object) ?? []), ...deletion(object)];
  return found.map((sentence) => `${named} ${sentence}`);
}

type Findings = (object: KubernetesObject) => string[];

const byKind: Record<string, Findings> = {
  Deployment: (object) => [
    ...(valueAt(object, ['spec', 'paused']) === true ? ['is paused: changes are not rolled out'] : []),
    ...unobserved(object),
    ...whenReason(object, 'Progressing', 'ProgressDeadlineExceeded'),
    ...whenStatus(object, 'ReplicaFailure', 'True'),
    ...missing(object, ['spec', 'replicas'], 'availableReplicas', 'available'),
  ],
  StatefulSet: (object) => [...unobserved(object), ...missing(object, ['spec', 'replicas'], 'readyReplicas', 'ready')],
  ReplicaSet: (object) => [
    ...whenStatus(object, 'ReplicaFailure', 'True'),
    ...missing(object, ['spec', 'replicas'], 'readyReplicas', 'ready'),
  ],
  DaemonSet: (object) => [
    ...unobserved(object),
    ...missing(object, ['status', 'desiredNumberScheduled'], 'numberReady', 'ready'),
  ],
  Job: (object) => whenStatus(object, 'Failed', 'True'),
  CronJob: (object) => (valueAt(object, ['spec', 'suspend']) === true ? ['is suspended'] : []),
  Node: (object) => [
    ...whenNot(object, 'Ready', 'True'),
    ...pressures.flatMap((type) => whenStatus(object, type, 'True')),
    ...(valueAt(object, ['spec', 'unschedulable']) === true ? ['is cordoned: no new pods are scheduled to it'] : []),
  ],
  PersistentVolumeClaim: (object) => {
    const phase = textAt(object, ['status', 'phase']);
    return phase === 'Bound' ? [] : [`is ${phase ?? 'not bound'}`];
  },
  HorizontalPodAutoscaler: (object) => [
    ...whenStatus(object, 'AbleToScale', 'False'),
    ...whenStatus(object, 'ScalingActive', 'False'),
    ...whenStatus(object, 'ScalingLimited', 'True'),
  ],
  PodDisruptionBudget: (object) => {
    const healthy = numberAt(object, ['status', 'currentHealthy']);
    const desired = numberAt(object, ['status', 'desiredHealthy']);
    const idle =
      numberAt(object, ['status', 'expectedPods']) === 0 || numberAt(object, ['status', 'disruptionsAllowed']) > 0;
    return idle ? [] : [`allows no disruption now: ${healthy} pods are healthy, ${desired} must be`];
  },
};

const pressures = ['MemoryPressure', 'DiskPressure', 'PIDPressure', 'NetworkUnavailable'];

function missing(object: KubernetesObject, wantedAt: string[], have: string, word: string): string[] {
  const wanted = numberAt(object, wantedAt);
  const number = numberAt(object, ['status', have]);
  if (wanted === 0) return object.kind === 'DaemonSet' ? [] : ['is scaled to 0'];
  return number < wanted ? [`has ${number} of ${wanted} pods ${word}`] : [];
}

function unobserved(object: KubernetesObject): string[] {
  const isBehind = numberAt(object, ['status', 'observedGeneration']) < (object.metadata.generation ?? 0);
  return isBehind ? ['has a spec that its controller has not taken up yet'] : [];
}

function deletion({ metadata }: KubernetesObject): string[] {
  const { deletionTimestamp, finalizers = [] } = metadata;
  if (!deletionTimestamp) return [];
  const left = finalizers.length > 0 ? `; finalizers ${finalizers.join(', ')} are left` : '';
  return [`is being deleted since ${deletionTimestamp}${left}`];
}

function whenStatus(object: KubernetesObject, type: string, status: string): string[] {
  return textAt(conditionOf(object, type), ['status']) === status ? [conditionText(object, type)] : [];
}

function whenNot(object: KubernetesObject, type: string, status: string): string[] {
  return textAt(conditionOf(object, type), ['status']) === status ? [] : [conditionText(object, type)];
}

function whenReason(object: KubernetesObject, type: string, reason: string): string[] {
  return textAt(conditionOf(object, type), ['reason']) === reason ? [conditionText(object, type)] : [];
}

function conditionText(object: KubernetesObject, type: string): string {
  const condition = conditionOf(object, type);
  const status = textAt(condition, ['status']) ?? 'Unknown';
  const reason = textAt(condition, ['reason']) ?? 'no reason given';
  const message = textAt(condition, ['message']);
  return `has ${type} ${status}, ${reason}${message ? `: ${message}` : ''}`;
}
