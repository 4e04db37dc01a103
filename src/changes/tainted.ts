import { describeReference } from '../kubernetes/describe-reference.ts';
import type { ObjectReference } from '../kubernetes/object.ts';
import { describeTaint, sameTaint, type Taint, taintsOf } from '../kubernetes/taints.ts';
import type { ExpectationKind } from './expectation.ts';
import { found, queryOf, watchPermissions } from './object-query.ts';

/** The node has that taint, with that value; or none of these, whatever their values. Others may come and go. */
export interface Tainted {
  kind: 'tainted';
  target: ObjectReference;
  has?: Taint;
  hasNone?: Pick<Taint, 'key' | 'effect'>[];
}

export function tainted(target: ObjectReference, has: Taint): Tainted {
  return { kind: 'tainted', target, has };
}

export function untainted(target: ObjectReference, hasNone: Pick<Taint, 'key' | 'effect'>[]): Tainted {
  return { kind: 'tainted', target, hasNone: hasNone.map(({ key, effect }) => ({ key, effect })) };
}

export const taintedKind: ExpectationKind<Tainted> = {
  describe: ({ target, has, hasNone = [] }) =>
    has
      ? `${describeReference(target)} has the taint ${describeTaint(has)}`
      : `${describeReference(target)} has no taint ${hasNone.map(describeTaint).join(', ')}`,
  permissions: ({ target }) => watchPermissions(target),
  query: ({ target }) => queryOf(target),
  judge({ target, has, hasNone = [] }, objects) {
    const node = found(target, objects);
    if (!node) return { state: 'failed', detail: `${describeReference(target)} is gone` };
    const taints = taintsOf(node);
    if (has && !taints.some((taint) => sameTaint(taint, has) && (taint.value ?? '') === (has.value ?? ''))) {
      return { state: 'waiting', detail: `${describeReference(target)} does not have the taint ${describeTaint(has)}` };
    }
    const left = taints.find((taint) => hasNone.some((other) => sameTaint(taint, other)));
    if (!left) return { state: 'holds' };
    return { state: 'waiting', detail: `${describeReference(target)} has the taint ${describeTaint(left)}` };
  },
};
