import { conditionOf, holdsCondition } from '../../kubernetes/conditions.ts';
import type { KubernetesObject } from '../../kubernetes/object.ts';
import { textAt } from '../../kubernetes/value-at.ts';
import { preconditionFailed } from '../refusal.ts';

/** Refuses a node that is not Ready, with what it says of it. */
export function refuseUnreadyNode(node: KubernetesObject, hint: string): void {
  if (holdsCondition(node, 'Ready')) return;
  const message = textAt(conditionOf(node, 'Ready'), ['message']) ?? 'it has reported no Ready condition';
  throw preconditionFailed(`Node ${node.metadata.name} is not Ready: ${message}`, hint);
}
