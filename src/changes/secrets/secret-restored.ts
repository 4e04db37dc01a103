import { describeReference } from '../../kubernetes/describe-reference.ts';
import type { ObjectReference } from '../../kubernetes/object.ts';
import { permissionFor } from '../../kubernetes/permission.ts';
import type { ExpectationKind } from '../expectation.ts';
import { found, queryOf } from '../object-query.ts';
import { haveSameValues } from './restore-secret.ts';

/** The Secret's values are again those that its copy has. */
export interface SecretRestored {
  kind: 'secret_restored';
  target: ObjectReference;
  keys: string[];
  copy: ObjectReference;
}

export function secretRestored(expectation: Omit<SecretRestored, 'kind'>): SecretRestored {
  return { kind: 'secret_restored', ...expectation };
}

export const secretRestoredKind: ExpectationKind<SecretRestored> = {
  describe: ({ target, keys, copy }) =>
    `the values of ${keys.join(', ')} of ${describeReference(target)} are those of ${describeReference(copy)}`,
  permissions: ({ target }) => [permissionFor(target, ['get'])],
  query: ({ target }) => queryOf(target),
  byName: ({ target, copy }) => [target, copy],
  judge({ target, keys, copy }, objects) {
    const secret = found(target, objects);
    const before = found(copy, objects);
    if (!secret || !before) {
      return { state: 'failed', detail: `${describeReference(secret ? copy : target)} is gone` };
    }
    if (haveSameValues(secret, before, keys)) return { state: 'holds' };
    return {
      state: 'failed',
      detail: `${describeReference(target)} has other values than it was given; something else writes to it`,
    };
  },
};
