import { createHash } from 'node:crypto';
import type { KubernetesObject } from '../../kubernetes/object.ts';
import { dataOf } from './data-of.ts';

/**
 * What a rotation writes on its Secret in the same patch as the values: which execution it was, and a digest of what it
 * wrote. So the cluster alone tells afterwards whether it was done, and whether the values are still those. Who can read
 * the digest can read the values.
 */
export const markAnnotations = {
  by: 'executor.kubernaut.io/rotated-by',
  digest: 'executor.kubernaut.io/rotated-digest',
} as const;

export interface Mark {
  /** The execution. */
  by: string;
  keys: readonly string[];
}

/** The annotations that go with these values (base64, by key). */
export function markOf({ by, keys }: Mark, values: Readonly<Record<string, string>>): Record<string, string> {
  return { [markAnnotations.by]: by, [markAnnotations.digest]: digestOf({ by, keys }, values) };
}

/** Whether that execution was the last to rotate the Secret. */
export function isMarked(secret: KubernetesObject, { by }: Pick<Mark, 'by'>): boolean {
  return secret.metadata.annotations?.[markAnnotations.by] === by;
}

/** Whether the Secret's values are those that this execution gave it. */
export function isAsRotated(secret: KubernetesObject, mark: Mark): boolean {
  return (
    isMarked(secret, mark) && secret.metadata.annotations?.[markAnnotations.digest] === digestOf(mark, dataOf(secret))
  );
}

function digestOf({ by, keys }: Mark, values: Readonly<Record<string, string>>): string {
  const written = keys.toSorted().map((key) => [key, values[key] ?? null]);
  return createHash('sha256')
    .update(JSON.stringify([by, written]))
    .digest('hex');
}
