import { describeReference } from '../../kubernetes/describe-reference.ts';
import { isKubernetesError } from '../../kubernetes/errors.ts';
import type { KubernetesObject, ObjectReference } from '../../kubernetes/object.ts';
import { permissionFor } from '../../kubernetes/permission.ts';
import type { ChangeKind } from '../change.ts';
import { withOneDeadline } from '../one-deadline.ts';
import { markAnnotations } from './rotation-mark.ts';
import { unchangedSecret } from './unchanged-secret.ts';

/** Copies a Secret under another name, for a later undo to take its values from. The copy can't be changed, and goes with the Secret. */
export interface CopySecretChange {
  kind: 'copy_secret';
  /** With its UID. */
  source: ObjectReference;
  resourceVersion: string;
  /** Of the copy, in the same namespace: the execution's own, so that a second sending finds the first. */
  name: string;
  /** The execution. */
  by: string;
}

export const copySecretKind: ChangeKind<CopySecretChange> = {
  describe: ({ source, name }) => `Copy ${describeReference(source)} to ${describeReference({ ...source, name })}`,

  permissions: ({ source }) => [permissionFor(source, ['get', 'create'])],

  async send(change, context) {
    const { cluster, dryRun, signal, timeoutMs } = withOneDeadline(context);
    const secret = await unchangedSecret(change.source, change.resourceVersion, { cluster, signal, timeoutMs });
    await cluster.create(copyOf(secret, change), { dryRun, signal, timeoutMs });
    // The answer holds the values: it is not passed on.
    return {};
  },

  async isDone(change, { cluster, signal, timeoutMs }) {
    try {
      const copy = await cluster.get(referenceToCopy(change), { signal, timeoutMs });
      return isCopyBy(copy, change.by) ? 'done' : 'other';
    } catch (error) {
      if (isKubernetesError(error, 'notFound')) return 'not_done';
      throw error;
    }
  },

  values: () => ({}),

  // What an undo needs most.
  undo: () => 'not_needed',

  target: referenceToCopy,

  isNoOp: () => false,
};

/** Where the execution that made the copy stands on it, and by which label the copies of a Secret are found. */
const copyMarks = {
  by: 'executor.kubernaut.io/action-id',
  source: 'executor.kubernaut.io/backup-of',
  label: 'executor.kubernaut.io/backup-of-uid',
} as const;

export function isCopyBy(copy: KubernetesObject, by: string): boolean {
  return copy.metadata.annotations?.[copyMarks.by] === by;
}

function referenceToCopy({ source, name }: CopySecretChange): ObjectReference {
  const { uid: _, ...rest } = source;
  return { ...rest, name };
}

function copyOf(secret: KubernetesObject, change: CopySecretChange): KubernetesObject {
  const { name, by, source } = change;
  const { uid = '', annotations = {} } = secret.metadata;
  // An undo leaves the Secret as if it had never been: with the mark of the rotation before, where there was one.
  const earlier = Object.values(markAnnotations).flatMap((key) => {
    const value = annotations[key];
    return value === undefined ? [] : [[key, value]];
  });
  return {
    ...referenceToCopy(change),
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: {
      name,
      ...(source.namespace ? { namespace: source.namespace } : {}),
      labels: { [copyMarks.label]: uid, 'app.kubernetes.io/managed-by': 'executor-service' },
      annotations: { ...Object.fromEntries(earlier), [copyMarks.by]: by, [copyMarks.source]: source.name },
      ownerReferences: [{ apiVersion: 'v1', kind: 'Secret', name: source.name, uid }],
    },
    // Whatever the original is for, the copy is for nothing but its values.
    type: 'Opaque',
    immutable: true,
    data: secret['data'],
  };
}
