import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { StatusError } from '../../src/sandbox/api/status-error.ts';
import { matchesAll, requirementsOf, selectorText } from '../../src/sandbox/selectors/label-selector.ts';
import { parseLabelSelector } from '../../src/sandbox/selectors/parse-label-selector.ts';

const key = fc.stringMatching(/^[a-z]([a-z0-9-]{0,8}[a-z0-9])?$/).filter((text) => text !== 'in' && text !== 'notin');
const value = fc.stringMatching(/^[a-zA-Z0-9]([a-zA-Z0-9_.-]{0,6}[a-zA-Z0-9])?$/);
const labels = fc.dictionary(key, value, { maxKeys: 5 });

describe('label selectors', () => {
  test.each([
    ['a=b', { a: 'b' }, true],
    ['a==b', { a: 'c' }, false],
    ['a!=b', {}, true],
    ['a', { a: '' }, true],
    ['!a', { a: '' }, false],
    ['a in (b, c)', { a: 'c' }, true],
    ['a notin (b,c)', { a: 'c' }, false],
    ['a notin (b,c)', {}, true],
    ['a>1', { a: '2' }, true],
    ['a<1', { a: 'x' }, false],
    ['a=', { a: '' }, true],
    ['example.com/a=b,c', { 'example.com/a': 'b', c: 'd' }, true],
    ['', {}, true],
  ])('%s on %o is %s', (text, given, expected) => {
    expect(matchesAll(parseLabelSelector(text), given)).toBe(expected);
  });

  test.each(['a b', 'a=b:c', 'a in b', 'a in (b', '=b', 'a,,b', 'a,', '(a)', 'a>x', 'a/b/c=d', 'a=b=c'])(
    '%s is refused with 400',
    (text) => {
      expect(() => parseLabelSelector(text)).toThrow(StatusError);
    },
  );

  test('an object matches the equality selector made of its own labels, and no object without one of them does', () => {
    fc.assert(
      fc.property(labels, (given) => {
        const text = Object.entries(given)
          .map(([name, held]) => `${name}=${held}`)
          .join(',');
        expect(matchesAll(parseLabelSelector(text), given)).toBe(true);
        for (const name of Object.keys(given)) {
          const { [name]: _gone, ...rest } = given;
          expect(matchesAll(parseLabelSelector(text), rest)).toBe(false);
        }
      }),
    );
  });

  test('a selector means the same after it was written as text and read again', () => {
    const expression = fc.record({
      key,
      operator: fc.constantFrom('In', 'NotIn'),
      values: fc.array(value, { minLength: 1, maxLength: 3 }),
    });
    const existence = fc.record({ key, operator: fc.constantFrom('Exists', 'DoesNotExist') });
    const selector = fc.record({
      matchLabels: labels,
      matchExpressions: fc.array(fc.oneof(expression, existence), { maxLength: 4 }),
    });
    fc.assert(
      fc.property(selector, labels, (given, held) => {
        expect(matchesAll(parseLabelSelector(selectorText(given)), held)).toBe(matchesAll(requirementsOf(given), held));
      }),
    );
  });

  test('in and notin are opposites', () => {
    fc.assert(
      fc.property(key, fc.array(value, { minLength: 1, maxLength: 3 }), labels, (name, values, held) => {
        const list = values.join(',');
        expect(matchesAll(parseLabelSelector(`${name} in (${list})`), held)).toBe(
          !matchesAll(parseLabelSelector(`${name} notin (${list})`), held),
        );
      }),
    );
  });
});
