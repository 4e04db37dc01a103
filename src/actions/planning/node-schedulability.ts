import type { FieldEquals } from '../../changes/field-equals.ts';
import { fieldEquals } from '../../changes/field-equals.ts';
import type { PatchChange } from '../../changes/patch.ts';
import { type KubernetesObject, referenceTo } from '../../kubernetes/object.ts';
import { valueAt } from '../../kubernetes/value-at.ts';

const field = ['spec', 'unschedulable'];

/** The change that cordons a node, or opens it again. The API server leaves the field out of an open node. */
export function setUnschedulable(node: KubernetesObject, unschedulable: boolean): PatchChange {
  const from = valueAt(node, field);
  const { resourceVersion } = node.metadata;
  return {
    kind: 'patch',
    target: referenceTo(node),
    ...(resourceVersion ? { resourceVersion } : {}),
    edits: [{ path: field, ...(from === undefined ? {} : { from }), ...(unschedulable ? { to: true } : {}) }],
    summary: `${unschedulable ? 'Cordon' : 'Uncordon'} node ${node.metadata.name}`,
  };
}

/** The node is cordoned, or open. */
export function whetherUnschedulable(node: KubernetesObject, unschedulable: boolean): FieldEquals {
  return fieldEquals(referenceTo(node), field, unschedulable ? true : undefined);
}
