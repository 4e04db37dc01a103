import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { formatSelector, matchesSelector } from '../../src/kubernetes/selectors.ts';
import type { LabelRequirement, LabelSelector } from '../../src/kubernetes/selectors.ts';

const keys = fc.constantFrom('app', 'tier', 'canary', 'constructor', '__proto__');
const values = fc.constantFrom('', 'a', 'b', 'c');
const labels = fc.array(fc.tuple(keys, values), { maxLength: 4 }).map((entries) => Object.fromEntries(entries));
const requirements = fc.record({
  key: keys,
  operator: fc.constantFrom('In' as const, 'NotIn' as const, 'Exists' as const, 'DoesNotExist' as const),
  values: fc.array(values, { minLength: 1, maxLength: 3 }),
});

describe('matchesSelector', () => {
  test('an empty selector selects everything', () => {
    expect(matchesSelector({}, { app: 'web' })).toBe(true);
    expect(matchesSelector({}, undefined)).toBe(true);
  });

  test('NotIn and DoesNotExist select what has no such label', () => {
    expect(matchesSelector({ matchExpressions: [{ key: 'app', operator: 'NotIn', values: ['web'] }] }, {})).toBe(true);
    expect(matchesSelector({ matchExpressions: [{ key: 'app', operator: 'DoesNotExist' }] }, {})).toBe(true);
    expect(matchesSelector({ matchExpressions: [{ key: 'app', operator: 'In', values: [''] }] }, {})).toBe(false);
  });

  test('a label is one of its own, not one that every object has', () => {
    expect(matchesSelector({ matchExpressions: [{ key: 'constructor', operator: 'Exists' }] }, {})).toBe(false);
  });

  test('all that is said must hold, each on its own', () => {
    fc.assert(
      fc.property(labels, labels, fc.array(requirements, { maxLength: 3 }), (matchLabels, given, matchExpressions) => {
        const together = matchesSelector({ matchLabels, matchExpressions }, given);
        const apart =
          Object.entries(matchLabels).every(([key, value]) =>
            matchesSelector({ matchLabels: pair(key, value) }, given),
          ) && matchExpressions.every((requirement) => matchesSelector({ matchExpressions: [requirement] }, given));

        expect(together).toBe(apart);
      }),
    );
  });

  test('NotIn is the opposite of In, and DoesNotExist of Exists', () => {
    const opposite = { In: 'NotIn', NotIn: 'In', Exists: 'DoesNotExist', DoesNotExist: 'Exists' } as const;
    fc.assert(
      fc.property(labels, requirements, (given, requirement: LabelRequirement) => {
        const negated = { ...requirement, operator: opposite[requirement.operator] };

        expect(matchesSelector({ matchExpressions: [requirement] }, given)).toBe(
          !matchesSelector({ matchExpressions: [negated] }, given),
        );
      }),
    );
  });

  test('what has the labels of matchLabels is selected, whatever else it has', () => {
    fc.assert(
      fc.property(labels, labels, (matchLabels, more) => {
        expect(matchesSelector({ matchLabels }, { ...more, ...matchLabels })).toBe(true);
      }),
    );
  });
});

describe('formatSelector', () => {
  test('writes every operator as the API server reads it', () => {
    const selector: LabelSelector = {
      matchLabels: { app: 'web', 'example.com/part': 'front' },
      matchExpressions: [
        { key: 'tier', operator: 'In', values: ['a', 'b'] },
        { key: 'zone', operator: 'NotIn', values: ['c'] },
        { key: 'canary', operator: 'DoesNotExist' },
        { key: 'owner', operator: 'Exists' },
      ],
    };

    expect(formatSelector(selector)).toBe('app=web,example.com/part=front,tier in (a,b),zone notin (c),!canary,owner');
  });

  test('an empty selector is empty', () => {
    expect(formatSelector({})).toBe('');
  });
});

/** Not a literal: the key may be __proto__. */
function pair(key: string, value: string): Record<string, string> {
  return Object.fromEntries([[key, value]]);
}
