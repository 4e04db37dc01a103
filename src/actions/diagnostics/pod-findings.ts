import { conditionOf, isReadyToStay } from '../../kubernetes/conditions.ts';
import { type ContainerState, containerStatesOf, type Termination } from '../../kubernetes/container-state.ts';
import type { KubernetesObject } from '../../kubernetes/object.ts';
import { finishedPhase } from '../../kubernetes/pod-state.ts';
import { listAt, textAt } from '../../kubernetes/value-at.ts';

const mostNamed = 3;
/** Past the end of its grace period a pod should be gone; the kubelet and the API server get this much on top. */
const overdueMs = 60_000;

/** What is wrong with the pods, each sentence once with the pods that it is true of. */
export function podFindings(pods: readonly KubernetesObject[], { now }: { now: Date }): string[] {
  const found = pods.flatMap((pod) => symptomsOf(pod, now).map((symptom) => ({ symptom, name: pod.metadata.name })));
  const bySymptom = Map.groupBy(found, ({ symptom }) => symptom);
  return [...bySymptom.entries()].map(([symptom, same]) => {
    const names = same
      .slice(0, mostNamed)
      .map(({ name }) => name)
      .join(', ');
    const more = same.length > mostNamed ? ` and ${same.length - mostNamed} more` : '';
    const subject = pods.length > 1 ? `${same.length} of ${pods.length} pods (${names}${more})` : `Pod ${names}`;
    return `${subject}: ${symptom}`;
  });
}

function symptomsOf(pod: KubernetesObject, now: Date): string[] {
  const phase = finishedPhase(pod);
  if (phase === 'Succeeded') return [];
  const containers = containerStatesOf(pod);
  const found = [
    ...(phase === 'Failed' ? [failed(pod)] : []),
    ...unscheduled(pod),
    ...overdue(pod, now),
    ...containers.flatMap((state) => containerSymptoms(state, pod)),
  ];
  return found.length > 0 || phase || isReadyToStay(pod) || pod.metadata.deletionTimestamp ? found : notReady(pod);
}

function failed(pod: KubernetesObject): string {
  const message = textAt(pod, ['status', 'message']);
  return `${textAt(pod, ['status', 'reason']) ?? 'Failed'}${message ? `: ${message}` : ''}`;
}

function unscheduled(pod: KubernetesObject): string[] {
  const condition = conditionOf(pod, 'PodScheduled');
  if (textAt(condition, ['status']) !== 'False') return [];
  const reason = textAt(condition, ['reason']) ?? 'Unschedulable';
  return [`Pending, ${reason}: ${textAt(condition, ['message']) ?? 'no message'}`];
}

function overdue({ metadata }: KubernetesObject, now: Date): string[] {
  const { deletionTimestamp, finalizers = [] } = metadata;
  if (!deletionTimestamp || now.getTime() - Date.parse(deletionTimestamp) < overdueMs) return [];
  const why =
    finalizers.length > 0 ? `finalizers ${finalizers.join(', ')} are left` : 'its kubelet has not confirmed the end';
  return [`should have ended at ${deletionTimestamp} and is still there; ${why}`];
}

function containerSymptoms(state: ContainerState, pod: KubernetesObject): string[] {
  const { name, kind, restarts, reason, message, lastTermination, termination } = state;
  const ended = termination ?? lastTermination;
  const isBad = ended !== undefined && (ended.exitCode !== 0 || ended.reason === 'OOMKilled');
  const how = isBad ? [`${endOf(ended, name, pod)}${restarts > 0 ? `, ${restarts} restarts` : ''}`] : [];
  if (state.state === 'waiting' && reason && !ordinaryWaits.includes(reason)) {
    return [[`container ${name} is in ${reason}${message ? `: ${message}` : ''}`, ...how].join('; it ')];
  }
  return kind === 'ephemeral_container' ? [] : how.map((text) => `container ${name} ${text}`);
}

function endOf({ reason, exitCode }: Termination, name: string, pod: KubernetesObject): string {
  if (reason === 'OOMKilled') return `was OOMKilled ${memoryLimit(pod, name)}`;
  return `ended with exit code ${exitCode}${reason && reason !== 'Error' ? ` (${reason})` : ''}`;
}

/** What every container goes through on its way up. */
const ordinaryWaits = ['ContainerCreating', 'PodInitializing'];

function notReady(pod: KubernetesObject): string[] {
  const message = textAt(conditionOf(pod, 'Ready'), ['message']);
  const phase = textAt(pod, ['status', 'phase']) ?? 'in no phase';
  return [`${phase}, but not ready${message ? `: ${message}` : ''}`];
}

function memoryLimit(pod: KubernetesObject, name: string): string {
  const spec = listAt(pod, ['spec', 'containers']).find((container) => textAt(container, ['name']) === name);
  const limit = textAt(spec, ['resources', 'limits', 'memory']);
  return limit ? `at its memory limit of ${limit}` : 'without a memory limit of its own';
}
