import { describeReference } from '../../kubernetes/describe-reference.ts';
import type { KubernetesObject, ObjectReference } from '../../kubernetes/object.ts';
import { permissionFor } from '../../kubernetes/permission.ts';
import type { ExpectationKind } from '../expectation.ts';
import { found, queryOf } from '../object-query.ts';
import { dataOf } from './data-of.ts';
import { isAsRotated } from './rotation-mark.ts';

/** The Secret's values are those that the execution gave it, none of them the one that the copy has. */
export interface SecretRotated {
  kind: 'secret_rotated';
  target: ObjectReference;
  keys: string[];
  /** The execution. */
  by: string;
  /** The copy of before, where one was made. */
  copy?: ObjectReference;
}

export function secretRotated(expectation: Omit<SecretRotated, 'kind'>): SecretRotated {
  return { kind: 'secret_rotated', ...expectation };
}

export const secretRotatedKind: ExpectationKind<SecretRotated> = {
  describe: ({ target, keys }) => `the values of ${keys.join(', ')} of ${describeReference(target)} differ from before`,
  permissions: ({ target }) => [permissionFor(target, ['get'])],
  query: ({ target }) => queryOf(target),
  byName: ({ target, copy }) => (copy ? [target, copy] : [target]),
  judge(expectation, objects) {
    const { target, copy } = expectation;
    const secret = found(target, objects);
    const before = copy && found(copy, objects);
    if (!secret) return { state: 'failed', detail: `${describeReference(target)} is gone` };
    if (copy && !before) return { state: 'failed', detail: `${describeReference(copy)} is gone` };
    if (!isAsRotated(secret, expectation)) {
      return {
        state: 'failed',
        detail: `${describeReference(target)} has other values than it was given; something else writes to it`,
      };
    }
    const same = before ? sameKeys(secret, before, expectation.keys) : [];
    if (same.length === 0) return { state: 'holds' };
    return { state: 'failed', detail: `${same.join(', ')} of ${describeReference(target)} are as before` };
  },
};

function sameKeys(secret: KubernetesObject, copy: KubernetesObject, keys: readonly string[]): string[] {
  const [now, before] = [dataOf(secret), dataOf(copy)];
  return keys.filter((key) => now[key] === before[key]);
}
