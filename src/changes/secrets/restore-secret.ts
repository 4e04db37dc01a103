import { describeReference } from '../../kubernetes/describe-reference.ts';
import { KubernetesError } from '../../kubernetes/errors.ts';
import type { KubernetesObject, ObjectReference } from '../../kubernetes/object.ts';
import { permissionFor } from '../../kubernetes/permission.ts';
import type { ChangeKind } from '../change.ts';
import { withOneDeadline } from '../one-deadline.ts';
import { isCopyBy } from './copy-secret.ts';
import { dataOf } from './data-of.ts';
import { markAnnotations } from './rotation-mark.ts';
import { unchangedSecret } from './unchanged-secret.ts';

/** Gives keys of a Secret the values that a copy of it has: how a rotation is taken back. */
export interface RestoreSecretChange {
  kind: 'restore_secret';
  /** With its UID. */
  target: ObjectReference;
  resourceVersion?: string;
  keys: string[];
  /** The execution whose rotation is taken back. */
  by: string;
  /** The copy that it made. */
  from: ObjectReference;
}

export const restoreSecretKind: ChangeKind<RestoreSecretChange> = {
  describe: ({ target, keys, from }) =>
    `Give ${keys.join(', ')} of ${describeReference(target)} the values of ${describeReference(from)}`,

  permissions: ({ target }) => [permissionFor(target, ['get', 'patch'])],

  async send(change, context) {
    const { cluster, dryRun, signal, timeoutMs } = withOneDeadline(context);
    const { target, from, by, keys, resourceVersion } = change;
    const [secret, copy] = await Promise.all([
      unchangedSecret(target, resourceVersion, { cluster, signal, timeoutMs }),
      cluster.get(from, { signal, timeoutMs }),
    ]);
    if (!isCopyBy(copy, by)) {
      throw new KubernetesError('invalid', `${describeReference(from)} is not the copy that execution ${by} made`);
    }
    const old = dataOf(copy);
    const data = Object.fromEntries(keys.map((key) => [key, old[key] ?? null]));
    const { uid, resourceVersion: read } = secret.metadata;
    const metadata = { uid, resourceVersion: read, annotations: earlierMark(copy) };
    await cluster.patch(target, { type: 'merge', body: { metadata, data } }, { dryRun, signal, timeoutMs });
    // The answer holds the values: it is not passed on.
    return {};
  },

  async isDone({ target, from, keys }, { cluster, signal, timeoutMs }) {
    const [secret, copy] = await Promise.all([
      cluster.get(target, { signal, timeoutMs }),
      cluster.get(from, { signal, timeoutMs }),
    ]);
    return haveSameValues(secret, copy, keys) ? 'done' : 'not_done';
  },

  values: ({ keys, from }) => ({ after: { keys, from: from.name } }),

  undo: () => undefined,

  target: ({ target }) => target,

  isNoOp: () => false,
};

/** Compared in memory; the values go no further. */
export function haveSameValues(secret: KubernetesObject, copy: KubernetesObject, keys: readonly string[]): boolean {
  const [left, right] = [dataOf(secret), dataOf(copy)];
  return keys.every((key) => left[key] === right[key]);
}

/** The mark that the Secret had before, which the copy has kept; null takes one away. */
function earlierMark(copy: KubernetesObject): Record<string, string | null> {
  return Object.fromEntries(
    Object.values(markAnnotations).map((key) => [key, copy.metadata.annotations?.[key] ?? null]),
  );
}
