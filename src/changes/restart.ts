import type { KubernetesObject } from '../kubernetes/object.ts';
import { valueAt } from '../kubernetes/value-at.ts';
import type { ChangeKind } from './change.ts';
import type { FieldEdit } from './field-edit.ts';
import { type PatchChange, patchKind } from './patch.ts';

/**
 * A rolling restart as a part of more: pods read at their start what another change has put in place, and read it
 * again when that is taken back. So unlike other edits of a template it is undone by a restart, not by its old value.
 */
export interface RestartChange extends Omit<PatchChange, 'kind'> {
  kind: 'restart';
}

export const restartKind: ChangeKind<RestartChange> = {
  describe: (change) => patchKind.describe(asPatch(change)),
  permissions: (change) => patchKind.permissions(asPatch(change)),
  send: (change, context) => patchKind.send(asPatch(change), context),
  isDone: (change, context) => patchKind.isDone(asPatch(change), context),
  values: (change) => patchKind.values(asPatch(change)),
  // With the time at which the undo is asked for; see executor/rebase.ts.
  undo: (change) => change,
  target: (change) => change.target,
  isNoOp: (change) => patchKind.isNoOp(asPatch(change)),
};

/** Where `kubectl rollout restart` writes the time of a restart. */
export const restartedAt = ['spec', 'template', 'metadata', 'annotations', 'kubectl.kubernetes.io/restartedAt'];

/** The edit that restarts the workload, even if it was restarted in this very second: whole seconds are written. */
export function restartEdit(workload: KubernetesObject, now: Date): FieldEdit {
  const from = valueAt(workload, restartedAt);
  const to = secondOf(now);
  return {
    path: restartedAt,
    ...(from === undefined ? {} : { from }),
    to: from === to ? secondOf(new Date(now.getTime() + 1_000)) : to,
  };
}

export function secondOf(time: Date): string {
  return `${time.toISOString().slice(0, 19)}Z`;
}

function asPatch(change: RestartChange): PatchChange {
  return { ...change, kind: 'patch' };
}
