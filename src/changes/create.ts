import { isKubernetesError } from '../kubernetes/errors.ts';
import { type Json, type KubernetesObject, referenceTo } from '../kubernetes/object.ts';
import { permissionFor } from '../kubernetes/permission.ts';
import { describeReference } from '../kubernetes/describe-reference.ts';
import type { ChangeKind } from './change.ts';

/** Creates one object under a name of its own, so that a second sending finds the first. */
export interface CreateChange {
  kind: 'create';
  object: KubernetesObject;
  summary?: string;
}

export const createKind: ChangeKind<CreateChange> = {
  describe: (change) => change.summary ?? `Create ${describeReference(referenceTo(change.object))}`,

  permissions: (change) => [permissionFor(change.object, ['create'])],

  async send(change, { cluster, dryRun, signal, timeoutMs }) {
    return { object: await cluster.create(change.object, { dryRun, signal, timeoutMs }) };
  },

  async isDone(change, { cluster, signal, timeoutMs }) {
    try {
      await cluster.get(referenceTo(change.object), { signal, timeoutMs });
      return 'done';
    } catch (error) {
      if (isKubernetesError(error, 'notFound')) return 'not_done';
      throw error;
    }
  },

  values: (change) => ({ after: plain(change.object) }),

  undo: (change) => ({ kind: 'delete', target: referenceTo(change.object) }),

  target: (change) => referenceTo(change.object),

  isNoOp: () => false,
};

/** An object that an action builds is written as JSON literals, which its open type can't say. */
function plain(object: KubernetesObject): Json {
  return object as unknown as Json;
}
