import type { Json, ObjectReference } from '../kubernetes/object.ts';
import { describeReference } from '../kubernetes/describe-reference.ts';
import { valueAt } from '../kubernetes/value-at.ts';
import type { ExpectationKind } from './expectation.ts';
import { pathText, sameValue } from './field-edit.ts';
import { found, queryOf, watchPermissions } from './object-query.ts';

/** A field of the object has that value; without a `value`, the field is not there. */
export interface FieldEquals {
  kind: 'field_equals';
  target: ObjectReference;
  path: string[];
  value?: Json;
  /** An object that is gone has no field that would have to be so. */
  orGone?: true;
}

export function fieldEquals(target: ObjectReference, path: string[], value: Json | undefined): FieldEquals {
  return { kind: 'field_equals', target, path, ...(value === undefined ? {} : { value }) };
}

export const fieldEqualsKind: ExpectationKind<FieldEquals> = {
  describe: ({ target, path, value, orGone }) =>
    `${pathText(path)} of ${describeReference(target)} is ${value === undefined ? 'not set' : brief(value)}${orGone ? ', or it is gone' : ''}`,
  permissions: ({ target }) => watchPermissions(target),
  query: ({ target }) => queryOf(target),
  judge({ target, path, value, orGone }, objects) {
    const object = found(target, objects);
    if (!object && orGone) return { state: 'holds' };
    if (!object) return { state: 'failed', detail: `${describeReference(target)} is gone` };
    const current = valueAt(object, path);
    if (sameValue(current, value)) return { state: 'holds' };
    return { state: 'waiting', detail: `${pathText(path)} is ${current === undefined ? 'not set' : brief(current)}` };
  },
};

function brief(value: Json): string {
  const text = JSON.stringify(value);
  return text.length > 80 ? `${text.slice(0, 77)}...` : text;
}
