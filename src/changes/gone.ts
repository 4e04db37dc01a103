import type { ObjectReference } from '../kubernetes/object.ts';
import { describeReference } from '../kubernetes/describe-reference.ts';
import type { ExpectationKind } from './expectation.ts';
import { found, queryOf, watchPermissions } from './object-query.ts';

/** That very object (by UID) is no more; another under its name does not count. */
export interface Gone {
  kind: 'gone';
  target: ObjectReference;
}

export function gone(target: ObjectReference): Gone {
  return { kind: 'gone', target };
}

export const goneKind: ExpectationKind<Gone> = {
  describe: ({ target }) => `${describeReference(target)} is gone`,
  permissions: ({ target }) => watchPermissions(target),
  query: ({ target }) => queryOf(target),
  judge: ({ target }, objects) =>
    found(target, objects)
      ? { state: 'waiting', detail: `${describeReference(target)} is still there` }
      : { state: 'holds' },
};
