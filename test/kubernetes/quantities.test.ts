import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { compareQuantities, formatQuantity, parseQuantity } from '../../src/kubernetes/quantities.ts';

describe('parseQuantity', () => {
  test.each([
    ['1.5Gi', 1_610_612_736n * 10n ** 9n],
    ['1e3', 1_000n * 10n ** 9n],
    ['1E3', 1_000n * 10n ** 9n],
    ['1E', 10n ** 27n],
    ['0.1', 10n ** 8n],
    ['100m', 10n ** 8n],
    ['1Ki', 1_024n * 10n ** 9n],
    ['1k', 10n ** 12n],
    ['-2', -2n * 10n ** 9n],
    ['+.5', 5n * 10n ** 8n],
    ['5.', 5n * 10n ** 9n],
    ['2e-3', 2n * 10n ** 6n],
    ['0Ki', 0n],
    ['9223372036854775807', (2n ** 63n - 1n) * 10n ** 9n],
  ])('reads %s exactly', (text, nano) => {
    expect(parseQuantity(text)?.nano).toBe(nano);
  });

  test.each([
    '',
    '.',
    'Ki',
    'e3',
    '1e',
    '1i',
    '1 ',
    ' 1',
    '1KI',
    '1ki',
    '1mi',
    '1K',
    '--1',
    '1.1.1',
    '0x1',
    '1_000',
    '1e1.5',
    '1Mi1',
    'NaN',
    '1e99',
    '8Ei',
    '9223372036854775808',
    '1'.repeat(65),
  ])('refuses %j', (text) => {
    expect(parseQuantity(text)).toBeUndefined();
  });

  test('rounds what is below a nano away from zero, as the API server does', () => {
    expect(parseQuantity('1e-10')?.nano).toBe(1n);
    expect(parseQuantity('-0.0000000001')?.nano).toBe(-1n);
  });

  test('answers for any text at all', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.stringMatching(/^[-+0-9.eEKMGTPEinumk]{0,12}$/)), (text) => {
        const quantity = parseQuantity(text);

        expect(quantity === undefined || typeof quantity.nano === 'bigint').toBe(true);
      }),
    );
  });
});

describe('formatQuantity', () => {
  // As kube-apiserver 1.36 writes them back.
  test.each([
    ['1.5Gi', '1536Mi'],
    ['1e3', '1e3'],
    ['0.1', '100m'],
    ['1.5', '1500m'],
    ['100000', '100k'],
    ['0.5Ki', '512'],
    ['1.1Ki', '1126400m'],
    ['15e5', '1500e3'],
    ['12e1', '120'],
    ['1025Ki', '1025Ki'],
    ['9.3k', '9300'],
    ['0Ki', '0'],
  ])('writes %s as %s', (text, canonical) => {
    const quantity = parseQuantity(text);

    expect(quantity && formatQuantity(quantity)).toBe(canonical);
  });

  test('what it writes reads as the same amount', () => {
    const quantities = fc.record({
      nano: fc.bigInt({ min: -(2n ** 63n - 1n) * 10n ** 9n, max: (2n ** 63n - 1n) * 10n ** 9n }),
      notation: fc.constantFrom('decimal' as const, 'binary' as const, 'exponent' as const),
    });
    fc.assert(
      fc.property(quantities, (quantity) => {
        const text = formatQuantity(quantity);

        expect(parseQuantity(text)?.nano).toBe(quantity.nano);
        expect(text).not.toContain('.');
      }),
    );
  });
});

describe('compareQuantities', () => {
  test.each([
    ['1Gi', '1G', 1],
    ['1000m', '1', 0],
    ['1024Ki', '1Mi', 0],
    ['0.1', '100m', 0],
    ['999m', '1', -1],
    ['-1', '0', -1],
  ])('%s against %s is %i', (left, right, expected) => {
    expect(compareQuantities(left, right)).toBe(expected);
  });

  test('orders integers of one unit as integers, whatever the unit', () => {
    const units = fc.constantFrom('', 'm', 'k', 'Mi', 'Gi', 'e2');
    fc.assert(
      fc.property(fc.integer({ min: -1e6, max: 1e6 }), fc.integer({ min: -1e6, max: 1e6 }), units, (a, b, unit) => {
        expect(compareQuantities(`${a}${unit}`, `${b}${unit}`)).toBe(Math.sign(a - b));
      }),
    );
  });

  test('names the text that is no quantity', () => {
    expect(() => compareQuantities('1', 'much')).toThrow('"much" is no quantity');
  });
});
