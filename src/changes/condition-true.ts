import { conditionOf } from '../kubernetes/conditions.ts';
import { describeReference } from '../kubernetes/describe-reference.ts';
import type { ObjectReference } from '../kubernetes/object.ts';
import { textAt } from '../kubernetes/value-at.ts';
import type { ExpectationKind } from './expectation.ts';
import { found, queryOf, watchPermissions } from './object-query.ts';

/** A condition in the object's status is `True`, such as a pod's `Ready`. */
export interface ConditionTrue {
  kind: 'condition_true';
  target: ObjectReference;
  condition: string;
}

export function conditionTrue(target: ObjectReference, condition: string): ConditionTrue {
  return { kind: 'condition_true', target, condition };
}

export const conditionTrueKind: ExpectationKind<ConditionTrue> = {
  describe: ({ target, condition }) => `${describeReference(target)} is ${condition}`,
  permissions: ({ target }) => watchPermissions(target),
  query: ({ target }) => queryOf(target),
  judge({ target, condition }, objects) {
    const object = found(target, objects);
    if (!object) return { state: 'waiting', detail: `${describeReference(target)} is not there` };
    const seen = conditionOf(object, condition);
    if (textAt(seen, ['status']) === 'True') return { state: 'holds' };
    const message = textAt(seen, ['message']);
    return {
      state: 'waiting',
      detail: `${describeReference(target)} is not ${condition}${message ? `: ${message}` : ''}`,
    };
  },
};
