import * as z from 'zod';
import type { PatchChange } from '../../changes/patch.ts';
import { labelKeyFault, labelValueFault } from '../../kubernetes/names.ts';
import { type Json, type JsonObject, type KubernetesObject, referenceTo } from '../../kubernetes/object.ts';
import type { Taint } from '../../kubernetes/taints.ts';
import { valueAt } from '../../kubernetes/value-at.ts';
import { preconditionFailed } from '../refusal.ts';

const field = ['spec', 'taints'];

export const taintKey = z.string().check(checkedBy(labelKeyFault)).describe('Key of the taint, such as `dedicated`');
export const taintValue = z
  .string()
  .check(checkedBy(labelValueFault))
  .default('')
  .describe('Value of the taint: at most 63 characters, without ":"');
export const taintEffect = z.enum(['NoSchedule', 'PreferNoSchedule', 'NoExecute']);

/**
 * The change that gives a node other taints. The API server knows them only as one list, so that the resourceVersion
 * must be that of the list that was read: another's taint is never written over.
 */
export function setTaints(node: KubernetesObject, wanted: Json[], summary: string): PatchChange {
  const from = valueAt(node, field);
  const { resourceVersion } = node.metadata;
  return {
    kind: 'patch',
    target: referenceTo(node),
    ...(resourceVersion ? { resourceVersion } : {}),
    edits: [{ path: field, ...(from === undefined ? {} : { from }), ...(wanted.length > 0 ? { to: wanted } : {}) }],
    summary,
  };
}

/** The taints that the node controllers set by a node's conditions: they take another's word back within seconds. */
const ofControllers: Record<string, string> = {
  'node.kubernetes.io/unschedulable': 'Use cordon_node or uncordon_node',
  'node.kubernetes.io/not-ready': 'It follows the Ready condition: bring the node back',
  'node.kubernetes.io/unreachable': 'It follows the Ready condition: bring the node back',
  'node.kubernetes.io/memory-pressure': 'It follows the condition of that name: free memory on the node',
  'node.kubernetes.io/disk-pressure': 'It follows the condition of that name: free disk space on the node',
  'node.kubernetes.io/pid-pressure': 'It follows the condition of that name: end processes on the node',
  'node.kubernetes.io/network-unavailable': "It follows the condition of that name: mend the node's network",
};

/** Refuses a taint that a controller would put back, or take away, at once. */
export function refuseTaintOfControllers({ metadata }: KubernetesObject, key: string): void {
  const hint = Object.hasOwn(ofControllers, key) ? ofControllers[key] : undefined;
  if (!hint) return;
  throw preconditionFailed(
    `The taint ${key} of node ${metadata.name} is kept by the node controllers, which would take the change back`,
    hint,
  );
}

export const refusesTaintOfControllers =
  'a taint that the node controllers keep (`node.kubernetes.io/unschedulable`, `not-ready` and the like)';

/** As in the node's spec: without a value where it is empty. */
export function taintObject({ key, effect, value }: Taint): JsonObject {
  return { key, effect, ...(value ? { value } : {}) };
}

function checkedBy(fault: (text: string) => string | undefined): (payload: z.core.ParsePayload<string>) => void {
  return (payload) => {
    const message = fault(payload.value);
    if (message) payload.issues.push({ code: 'custom', message, input: payload.value });
  };
}
