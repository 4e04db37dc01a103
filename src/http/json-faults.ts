import type { FieldFault } from '../actions/refusal.ts';
import { mostFaults } from '../executor/field-faults.ts';
import { pointerKey } from '../executor/parameter-pointer.ts';

/** Deeper than any request needs, and far from where a recursive reader would run out of stack. */
const mostLevels = 64;

interface Place {
  value: unknown;
  key: string;
  parent: Place | undefined;
  level: number;
}

/**
 * What a JSON document may say and the record can't keep: PostgreSQL refuses NUL and half a surrogate pair, a number
 * beyond all is no JSON any more, and a member called `__proto__` gets lost on the way. `tooDeep`: nothing recursive may
 * touch the document.
 */
export function jsonFaults(document: unknown): { faults: FieldFault[]; tooDeep: boolean } {
  const faults: FieldFault[] = [];
  const places: Place[] = [{ value: document, key: '', parent: undefined, level: 0 }];
  for (let place = places.pop(); place && faults.length < mostFaults; place = places.pop()) {
    const { value, key, level } = place;
    if (level > mostLevels)
      return {
        faults: [{ pointer: pointerOf(place), detail: `is nested more than ${mostLevels} levels deep` }],
        tooDeep: true,
      };
    const fault = keyFault(key) ?? valueFault(value);
    if (fault) faults.push({ pointer: pointerOf(place), detail: fault });
    if (typeof value !== 'object' || value === null) continue;
    const members = Object.entries(value);
    for (const [name, member] of members.toReversed())
      places.push({ value: member, key: name, parent: place, level: level + 1 });
  }
  return { faults, tooDeep: false };
}

function keyFault(key: string): string | undefined {
  if (key === '__proto__') return 'is not allowed as a name';
  const fault = textFault(key);
  return fault && `as a name: ${fault}`;
}

function valueFault(value: unknown): string | undefined {
  if (typeof value === 'string') return textFault(value);
  return typeof value === 'number' && !Number.isFinite(value) ? 'is too large a number' : undefined;
}

function textFault(text: string): string | undefined {
  if (text.includes('\u0000')) return 'must not contain NUL (\\u0000)';
  return text.isWellFormed() ? undefined : 'must not contain half a surrogate pair (\\ud800 to \\udfff)';
}

function pointerOf({ key, parent }: Place): string {
  return parent ? `${pointerOf(parent)}/${pointerKey(key)}` : '';
}
