import { groupOf } from './kinds.ts';
import type { KubernetesObject, ObjectReference } from './object.ts';
import { textAt } from './value-at.ts';

/** Whether an autoscaler's reference (`scaleTargetRef`, `targetRef`) means that workload, in whatever version. */
export function aimsAt(
  autoscaler: KubernetesObject,
  field: 'scaleTargetRef' | 'targetRef',
  { apiVersion, kind, name }: Pick<ObjectReference, 'apiVersion' | 'kind' | 'name'>,
): boolean {
  const reference = ['spec', field];
  const group = groupOf(textAt(autoscaler, [...reference, 'apiVersion']) ?? apiVersion);
  return (
    textAt(autoscaler, [...reference, 'kind']) === kind &&
    textAt(autoscaler, [...reference, 'name']) === name &&
    group === groupOf(apiVersion)
  );
}
