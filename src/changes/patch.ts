import type { Json, KubernetesObject, ObjectReference } from '../kubernetes/object.ts';
import { permissionFor } from '../kubernetes/permission.ts';
import { valueAt } from '../kubernetes/value-at.ts';
import type { ChangeKind, SendContext } from './change.ts';
import { type FieldEdit, mergePatchOf, reversed, sameValue } from './field-edit.ts';

/**
 * Sets fields of one object, by a merge patch that carries the UID and, where the plan relied on the content, the
 * resourceVersion: what was read is what is changed, or the API server answers 409.
 */
export interface PatchChange {
  kind: 'patch';
  target: ObjectReference;
  subresource?: string;
  resourceVersion?: string;
  edits: FieldEdit[];
  /** The fields that tell whether it was done, where a controller writes the others on. Default: all. */
  toldBy?: string[][];
  summary: string;
}

export const patchKind: ChangeKind<PatchChange> = {
  describe: (change) => change.summary,

  permissions: (change) => [permissionFor(change.target, ['patch'], change.subresource)],

  async send(change, { cluster, dryRun, signal, timeoutMs }) {
    const object = await cluster.patch(
      change.target,
      { type: 'merge', body: bodyOf(change), ...(change.subresource ? { subresource: change.subresource } : {}) },
      { dryRun, signal, timeoutMs },
    );
    return { object };
  },

  async isDone(change, context) {
    const current = await read(change, context);
    if (change.target.uid && current.metadata.uid !== change.target.uid) return 'other';
    const telling = tellingEdits(change);
    if (stands(current, telling, 'to')) return 'done';
    return stands(current, telling, 'from') ? 'not_done' : 'other';
  },

  async repin(change, context) {
    const current = await read(change, context);
    const { uid, resourceVersion } = current.metadata;
    const another = change.target.uid !== undefined && uid !== change.target.uid;
    if (another || !resourceVersion || !stands(current, change.edits, 'from')) return undefined;
    return { ...change, resourceVersion };
  },

  values: (change) => ({ before: valuesOf(change, 'from'), after: valuesOf(change, 'to') }),

  undo(change) {
    const { resourceVersion: _, ...rest } = change;
    return { ...rest, edits: change.edits.map(reversed), summary: `Undo: ${change.summary}` };
  },

  target: (change) => change.target,

  isNoOp: (change) => change.edits.every((edit) => sameValue(edit.from, edit.to)),
};

function read(
  { target, subresource }: PatchChange,
  { cluster, signal, timeoutMs }: Omit<SendContext, 'dryRun'>,
): Promise<KubernetesObject> {
  return cluster.get(target, { signal, timeoutMs, ...(subresource ? { subresource } : {}) });
}

/** Whether every edited field of the object has the value of that side. */
export function stands(object: KubernetesObject, edits: readonly FieldEdit[], side: 'from' | 'to'): boolean {
  return edits.every((edit) => sameValue(valueAt(object, edit.path), edit[side]));
}

function tellingEdits({ edits, toldBy }: PatchChange): FieldEdit[] {
  return toldBy ? edits.filter(({ path }) => toldBy.some((told) => sameValue(told, path))) : edits;
}

function bodyOf(change: PatchChange): unknown {
  const { metadata, ...rest } = mergePatchOf(change.edits);
  const edited = typeof metadata === 'object' && metadata !== null && !Array.isArray(metadata) ? metadata : {};
  return {
    ...rest,
    metadata: {
      ...edited,
      ...(change.target.uid ? { uid: change.target.uid } : {}),
      ...(change.resourceVersion ? { resourceVersion: change.resourceVersion } : {}),
    },
  };
}

function valuesOf(change: PatchChange, side: 'from' | 'to'): Json {
  return Object.fromEntries(change.edits.map((edit) => [`/${edit.path.map(escaped).join('/')}`, edit[side] ?? null]));
}

/** A JSON pointer's (RFC 6901) escaping of one key. */
function escaped(key: string): string {
  return key.replaceAll('~', '~0').replaceAll('/', '~1');
}
