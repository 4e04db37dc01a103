import { describeReference } from '../../kubernetes/describe-reference.ts';
import type { ObjectReference } from '../../kubernetes/object.ts';
import { permissionFor } from '../../kubernetes/permission.ts';
import type { ChangeKind } from '../change.ts';
import { withOneDeadline } from '../one-deadline.ts';
import { base64Of, bytesOf, dataOf } from './data-of.ts';
import { replacementFor } from './replacement-for.ts';
import { isMarked, markOf } from './rotation-mark.ts';
import { unchangedSecret } from './unchanged-secret.ts';

/** Gives keys of a Secret new random values, made when it is sent: a plan is stored, and holds no secret. */
export interface RegenerateSecretChange {
  kind: 'regenerate_secret';
  /** With its UID. */
  target: ObjectReference;
  resourceVersion: string;
  keys: string[];
  /** The execution. */
  by: string;
  /** The copy that an undo takes the old values from; without one there is no undo. */
  backup?: string;
}

export const regenerateSecretKind: ChangeKind<RegenerateSecretChange> = {
  describe: ({ target, keys }) => `Give ${keys.join(', ')} of ${describeReference(target)} new random values`,

  permissions: ({ target }) => [permissionFor(target, ['get', 'patch'])],

  async send(change, context) {
    const { cluster, dryRun, signal, timeoutMs } = withOneDeadline(context);
    const { target, resourceVersion, keys } = change;
    const secret = await unchangedSecret(target, resourceVersion, { cluster, signal, timeoutMs });
    const old = dataOf(secret);
    const data = Object.fromEntries(keys.map((key) => [key, base64Of(replacementFor(bytesOf(old[key] ?? '')))]));
    const metadata = { uid: secret.metadata.uid, resourceVersion, annotations: markOf(change, data) };
    await cluster.patch(target, { type: 'merge', body: { metadata, data } }, { dryRun, signal, timeoutMs });
    // The answer holds the values: it is not passed on.
    return {};
  },

  async isDone(change, { cluster, signal, timeoutMs }) {
    const secret = await cluster.get(change.target, { signal, timeoutMs });
    if (isMarked(secret, change)) return 'done';
    return secret.metadata.resourceVersion === change.resourceVersion ? 'not_done' : 'other';
  },

  values: ({ keys }) => ({ after: { keys } }),

  undo({ target, keys, by, backup }) {
    if (backup === undefined) return undefined;
    const { uid: _, ...place } = target;
    return { kind: 'restore_secret', target, keys, by, from: { ...place, name: backup } };
  },

  target: ({ target }) => target,

  isNoOp: () => false,
};
