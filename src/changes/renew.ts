import { valueAt } from '../kubernetes/value-at.ts';
import type { ChangeKind } from './change.ts';
import { sameValue } from './field-edit.ts';
import { type PatchChange, patchKind, stands } from './patch.ts';
import type { Json } from '../kubernetes/object.ts';

/**
 * Asks the controller that makes a Secret to make it anew, by the edit of its own object that it takes as that request.
 * The controller takes the request away again once it has seen to it; `proof` tells that it has.
 */
export interface RenewChange extends Omit<PatchChange, 'kind'> {
  kind: 'renew';
  /** The field that the controller changes with each renewal, and what it was. */
  proof: { path: string[]; was?: Json };
}

export const renewKind: ChangeKind<RenewChange> = {
  describe: (change) => patchKind.describe(asPatch(change)),

  permissions: (change) => patchKind.permissions(asPatch(change)),

  send: (change, context) => patchKind.send(asPatch(change), context),

  async isDone(change, { cluster, signal, timeoutMs }) {
    const object = await cluster.get(change.target, { signal, timeoutMs });
    if (stands(object, change.edits, 'to')) return 'done';
    if (!sameValue(valueAt(object, change.proof.path), change.proof.was)) return 'done';
    // The controller writes for reasons of its own as well: a request that it has refused leaves no trace.
    return object.metadata.resourceVersion === change.resourceVersion ? 'not_done' : 'unknown';
  },

  values: (change) => patchKind.values(asPatch(change)),

  undo: () => undefined,

  target: (change) => change.target,

  isNoOp: () => false,
};

function asPatch(change: RenewChange): PatchChange {
  const { proof: _, ...rest } = change;
  return { ...rest, kind: 'patch' };
}
