import { Refusal } from '../actions/refusal.ts';
import type { Change } from '../changes/change.ts';
import { pathText } from '../changes/field-edit.ts';
import { type PatchChange, stands } from '../changes/patch.ts';
import { type RestartChange, restartEdit } from '../changes/restart.ts';
import type { RestoreSecretChange } from '../changes/secrets/restore-secret.ts';
import { isAsRotated } from '../changes/secrets/rotation-mark.ts';
import { describeReference } from '../kubernetes/describe-reference.ts';
import { isKubernetesError } from '../kubernetes/errors.ts';
import type { KubernetesObject, ObjectReference } from '../kubernetes/object.ts';
import type { ClusterReader } from '../kubernetes/reader.ts';
import { valueAt } from '../kubernetes/value-at.ts';

export interface RebaseOptions {
  /** Also where somebody has changed the object since. */
  force: boolean;
  now: Date;
}

/**
 * The undo's change, on the object as it is now; undefined where it has nothing to act on any more. What was changed
 * since is drift, which only `force` overrides.
 */
export async function rebase(
  reader: ClusterReader,
  change: Change,
  options: RebaseOptions,
): Promise<Change | undefined> {
  switch (change.kind) {
    case 'patch':
      return await rebasePatch(reader, change, options);
    case 'restart':
      return await rebaseRestart(reader, change, options);
    case 'restore_secret':
      return await rebaseRestore(reader, change, options);
    default:
      return change;
  }
}

async function rebasePatch(
  reader: ClusterReader,
  change: PatchChange,
  { force }: RebaseOptions,
): Promise<PatchChange | undefined> {
  // Pods come and go: what was changed of one that is gone needs no taking back.
  if (change.target.kind === 'Pod' && !(await isThere(reader, change.target))) return undefined;
  const current = await sameObject(reader, change.target, change.subresource);
  if (!force && !stands(current, change.edits, 'from') && !stands(current, change.edits, 'to')) {
    throw drifted(change, current);
  }
  const { resourceVersion } = current.metadata;
  const edits = change.edits.map(({ path, to }) => {
    const from = valueAt(current, path);
    return { path, ...(from === undefined ? {} : { from }), ...(to === undefined ? {} : { to }) };
  });
  return { ...change, edits, ...(resourceVersion ? { resourceVersion } : {}) };
}

/** A restart at the time of the undo: whoever else has restarted it meanwhile, it has to read again what is undone. */
async function rebaseRestart(
  reader: ClusterReader,
  change: RestartChange,
  { force, now }: RebaseOptions,
): Promise<RestartChange | undefined> {
  try {
    const current = await sameObject(reader, change.target);
    return { ...change, edits: [restartEdit(current, now)] };
  } catch (error) {
    if (force && error instanceof Refusal) return undefined;
    throw error;
  }
}

async function rebaseRestore(
  reader: ClusterReader,
  change: RestoreSecretChange,
  { force }: RebaseOptions,
): Promise<RestoreSecretChange> {
  const [secret, copy] = await Promise.all([
    sameObject(reader, change.target),
    reader.get(change.from).catch((error: unknown) => {
      if (isKubernetesError(error, 'notFound')) return undefined;
      throw error;
    }),
  ]);
  const named = describeReference(change.target);
  if (!copy) {
    const why = `the copy ${change.from.name}, which holds the old values of ${named}, is gone`;
    throw new Refusal('not_reversible', `Execution ${change.by} can't be rolled back: ${why}`);
  }
  if (!force && !isAsRotated(secret, change)) {
    throw new Refusal('drift_detected', `The values of ${change.keys.join(', ')} of ${named} were changed since`, {
      hint: `Look who changed them; with {"force": true} they are set back to those of ${change.from.name} nevertheless`,
    });
  }
  const { resourceVersion } = secret.metadata;
  return { ...change, ...(resourceVersion ? { resourceVersion } : {}) };
}

async function isThere(reader: ClusterReader, target: ObjectReference): Promise<boolean> {
  try {
    const { metadata } = await reader.get(target);
    return target.uid === undefined || metadata.uid === target.uid;
  } catch (error) {
    if (isKubernetesError(error, 'notFound')) return false;
    throw error;
  }
}

async function sameObject(
  reader: ClusterReader,
  target: ObjectReference,
  subresource?: string,
): Promise<KubernetesObject> {
  const current = await reader.get(target, subresource).catch((error: unknown) => {
    if (!isKubernetesError(error, 'notFound')) throw error;
    throw new Refusal('drift_detected', `${describeReference(target)} is gone`, { cause: error });
  });
  if (target.uid && current.metadata.uid !== target.uid) {
    throw new Refusal('drift_detected', `${describeReference(target)} is another object of that name now`);
  }
  return current;
}

function drifted(change: PatchChange, current: unknown): Refusal {
  const fields = change.edits.map(({ path, from }) => {
    const now = valueAt(current, path);
    return `${pathText(path)} is ${brief(now)}, not ${brief(from)} as it was left`;
  });
  return new Refusal('drift_detected', `${describeReference(change.target)} was changed since: ${fields.join('; ')}`, {
    hint: 'Look who changed it; with {"force": true} it is set back nevertheless',
  });
}

function brief(value: unknown): string {
  const text = value === undefined ? 'not set' : JSON.stringify(value);
  return text.length > 60 ? `${text.slice(0, 57)}...` : text;
}
