import type { Json, KubernetesObject } from './object.ts';
import { listAt, textAt } from './value-at.ts';

/** The condition of that type in the object's status, undefined where it has none. */
export function conditionOf(object: KubernetesObject, type: string): Json | undefined {
  return listAt(object, ['status', 'conditions']).find((condition) => textAt(condition, ['type']) === type);
}

/** Whether the condition of that type is `True`. */
export function holdsCondition(object: KubernetesObject, type: string): boolean {
  return textAt(conditionOf(object, type), ['status']) === 'True';
}

/** A pod that serves: Ready, and not on its way out. */
export function isReadyToStay(pod: KubernetesObject): boolean {
  return !pod.metadata.deletionTimestamp && holdsCondition(pod, 'Ready');
}
