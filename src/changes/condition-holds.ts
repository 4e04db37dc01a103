import { conditionOf } from '../kubernetes/conditions.ts';
import { describeReference } from '../kubernetes/describe-reference.ts';
import type { ObjectReference } from '../kubernetes/object.ts';
import { textAt } from '../kubernetes/value-at.ts';
import type { ExpectationKind } from './expectation.ts';
import { found, queryOf, watchPermissions } from './object-query.ts';

/** A condition in the object's status is True. */
export interface ConditionHolds {
  kind: 'condition_holds';
  target: ObjectReference;
  type: string;
}

export function conditionHolds(target: ObjectReference, type: string): ConditionHolds {
  return { kind: 'condition_holds', target, type };
}

export const conditionHoldsKind: ExpectationKind<ConditionHolds> = {
  describe: ({ target, type }) => `the condition ${type} of ${describeReference(target)} is True`,
  permissions: ({ target }) => watchPermissions(target),
  query: ({ target }) => queryOf(target),
  judge({ target, type }, objects) {
    const object = found(target, objects);
    if (!object) return { state: 'failed', detail: `${describeReference(target)} is gone` };
    const condition = conditionOf(object, type);
    const status = textAt(condition, ['status']);
    if (status === 'True') return { state: 'holds' };
    const message = textAt(condition, ['message']);
    return { state: 'waiting', detail: `${type} is ${status ?? 'not reported yet'}${message ? `: ${message}` : ''}` };
  },
};
