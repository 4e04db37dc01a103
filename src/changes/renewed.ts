import { conditionOf, holdsCondition } from '../kubernetes/conditions.ts';
import { describeReference } from '../kubernetes/describe-reference.ts';
import type { Json, ObjectReference } from '../kubernetes/object.ts';
import { permissionFor } from '../kubernetes/permission.ts';
import { textAt, valueAt } from '../kubernetes/value-at.ts';
import type { ExpectationKind } from './expectation.ts';
import { pathText, sameValue } from './field-edit.ts';
import { found, queryOf } from './object-query.ts';

/** The controller has made the Secret anew since: its own object says so, and the Secret was written. */
export interface Renewed {
  kind: 'renewed';
  /** The object that asks the controller for the Secret. */
  target: ObjectReference;
  /** A field that changes with each renewal, and what it was. */
  proof?: { path: string[]; was?: Json };
  /** What it makes, and the version before; left out where a renewal may find nothing new to write. */
  secret?: { reference: ObjectReference; resourceVersion: string };
}

export function renewed(expectation: Omit<Renewed, 'kind'>): Renewed {
  return { kind: 'renewed', ...expectation };
}

export const renewedKind: ExpectationKind<Renewed> = {
  describe: ({ target, secret }) =>
    secret
      ? `${describeReference(target)} is renewed, and ${describeReference(secret.reference)} was written`
      : `${describeReference(target)} is renewed`,
  permissions: ({ target, secret }) =>
    [target, ...(secret ? [secret.reference] : [])].map((each) => permissionFor(each, ['get'])),
  query: ({ target }) => queryOf(target),
  // A Secret is asked for by name: to list and watch them is to read them all.
  byName: ({ target, secret }) => [target, ...(secret ? [secret.reference] : [])],
  judge({ target, proof, secret }, objects) {
    const named = describeReference(target);
    const object = objects.find(({ kind, metadata }) => kind === target.kind && metadata.uid === target.uid);
    if (!object) return { state: 'failed', detail: `${named} is gone` };
    if (holdsCondition(object, 'Issuing')) return { state: 'waiting', detail: `${named} is being issued` };
    if (textAt(conditionOf(object, 'Issuing'), ['reason']) === 'Failed') {
      return { state: 'failed', detail: `${named} could not be renewed; its condition Issuing says why` };
    }
    if (proof && sameValue(valueAt(object, proof.path), proof.was)) {
      return { state: 'waiting', detail: `${pathText(proof.path)} of ${named} is still the same` };
    }
    if (!holdsCondition(object, 'Ready')) {
      const reason = textAt(conditionOf(object, 'Ready'), ['reason']);
      return { state: 'waiting', detail: `${named} is not Ready${reason ? ` (${reason})` : ''}` };
    }
    if (!secret) return { state: 'holds' };
    const made = found(
      secret.reference,
      objects.filter(({ kind }) => kind === secret.reference.kind),
    );
    if (made && made.metadata.resourceVersion !== secret.resourceVersion) return { state: 'holds' };
    return { state: 'waiting', detail: `${describeReference(secret.reference)} has not been written yet` };
  },
};
