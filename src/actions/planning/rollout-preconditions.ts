import { describeReference } from '../../kubernetes/describe-reference.ts';
import { type KubernetesObject, referenceTo } from '../../kubernetes/object.ts';
import { numberAt, textAt, valueAt } from '../../kubernetes/value-at.ts';
import { preconditionFailed } from '../refusal.ts';

/** Refuses a workload that would take a new template without ever rolling it out. */
export function refuseHaltedRollout(workload: KubernetesObject, what: string): void {
  const named = describeReference(referenceTo(workload));
  const { kind, metadata } = workload;
  if (valueAt(workload, ['spec', 'paused']) === true) {
    throw preconditionFailed(
      `${named} is paused; resume it first`,
      `kubectl rollout resume ${kind.toLowerCase()}/${metadata.name} -n ${metadata.namespace}`,
    );
  }
  if (textAt(workload, ['spec', 'updateStrategy', 'type']) === 'OnDelete') {
    throw preconditionFailed(
      `${named} replaces its pods only when they are deleted (updateStrategy OnDelete), so that ${what} would not reach them`,
      `Use restart_pod on ${named}, or set its updateStrategy to RollingUpdate`,
    );
  }
}

/** A StatefulSet with a partition rolls out only to the pods from that ordinal on. */
export function partitionWarnings(workload: KubernetesObject): string[] {
  const partition = numberAt(workload, ['spec', 'updateStrategy', 'rollingUpdate', 'partition']);
  if (workload.kind !== 'StatefulSet' || partition === 0) return [];
  return [
    `Only pods with an ordinal of ${partition} or more are reached: ${describeReference(referenceTo(workload))} has a partition`,
  ];
}

/** Refuses a StatefulSet of which a partition would keep pods as they are, where all have to change. */
export function refusePartition(workload: KubernetesObject, what: string): void {
  const partition = numberAt(workload, ['spec', 'updateStrategy', 'rollingUpdate', 'partition']);
  if (workload.kind !== 'StatefulSet' || partition === 0) return;
  throw preconditionFailed(
    `${describeReference(referenceTo(workload))} has a partition of ${partition}, so that ${what} would not reach all its pods`,
    'Set spec.updateStrategy.rollingUpdate.partition to 0 first',
  );
}
