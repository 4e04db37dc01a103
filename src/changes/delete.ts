import { isKubernetesError } from '../kubernetes/errors.ts';
import type { ObjectReference } from '../kubernetes/object.ts';
import { permissionFor } from '../kubernetes/permission.ts';
import { describeReference } from '../kubernetes/describe-reference.ts';
import type { ChangeKind, Doneness, SendContext } from './change.ts';

/** Deletes that very object (by UID). Already gone is done. */
export interface DeleteChange {
  kind: 'delete';
  target: ObjectReference;
  gracePeriodSeconds?: number;
  propagationPolicy?: 'Background' | 'Foreground' | 'Orphan';
  summary?: string;
}

export const deleteKind: ChangeKind<DeleteChange> = {
  describe: (change) => change.summary ?? `Delete ${describeReference(change.target)}`,

  permissions: (change) => [permissionFor(change.target, ['delete'])],

  async send(change, { cluster, dryRun, signal, timeoutMs }) {
    const { target, gracePeriodSeconds, propagationPolicy } = change;
    await doneWhenGone(
      cluster.delete(target, {
        dryRun,
        signal,
        timeoutMs,
        ...(target.uid ? { uid: target.uid } : {}),
        ...(gracePeriodSeconds === undefined ? {} : { gracePeriodSeconds }),
        ...(propagationPolicy ? { propagationPolicy } : {}),
      }),
    );
    return {};
  },

  isDone: (change, context) => isLeaving(change.target, context),

  values: () => ({}),

  undo: () => undefined,

  target: (change) => change.target,

  isNoOp: () => false,
};

/** A deletion of what is gone has had its effect; so has one whose object another has replaced under its name. */
async function doneWhenGone(call: Promise<void>): Promise<void> {
  try {
    await call;
  } catch (error) {
    if (!isKubernetesError(error, 'notFound', 'conflict')) throw error;
  }
}

/** `done` once the object is gone, on its way out, or another under its name. */
export async function isLeaving(
  target: ObjectReference,
  { cluster, signal, timeoutMs }: Omit<SendContext, 'dryRun'>,
): Promise<Doneness> {
  try {
    const current = await cluster.get(target, { signal, timeoutMs });
    const another = target.uid !== undefined && current.metadata.uid !== target.uid;
    return another || current.metadata.deletionTimestamp ? 'done' : 'not_done';
  } catch (error) {
    if (isKubernetesError(error, 'notFound')) return 'done';
    throw error;
  }
}
