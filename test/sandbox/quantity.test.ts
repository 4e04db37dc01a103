import fc from 'fast-check';
import { expect, test } from 'vitest';
import { canonicalQuantity, quantityNano } from '../../src/sandbox/schema/quantity.ts';

// What a Kubernetes 1.36 API server gave back for each.
test.each([
  ['1000m', '1'],
  ['0.5', '500m'],
  ['1.5Gi', '1536Mi'],
  ['1024Ki', '1Mi'],
  ['1e3', '1e3'],
  ['1500', '1500'],
  ['1000', '1k'],
  ['0', '0'],
  ['0.1', '100m'],
  ['100m', '100m'],
  ['1Ki', '1Ki'],
  ['1k', '1k'],
  ['2', '2'],
  ['-1', '-1'],
  ['1000k', '1M'],
  ['1.5', '1500m'],
  ['100n', '100n'],
  ['1.5Ki', '1536'],
  ['0.1Gi', '107374182400m'],
  ['1500e3', '1500e3'],
  ['3e2', '300'],
  ['0.0000000001', '1n'],
  ['.5', '500m'],
  ['.', '0'],
])('%s is written %s', (given, written) => {
  expect(canonicalQuantity(given)).toBe(written);
});

test.each(['', 'x', '1x', '1 Gi', '1GiB', '--1', '1.2.3', '2e1k'])('%o is no quantity', (given) => {
  expect(canonicalQuantity(given)).toBeUndefined();
});

test('writing a quantity anew neither changes its value nor its form a second time', () => {
  const suffix = fc.constantFrom('', 'm', 'k', 'M', 'G', 'Ki', 'Mi', 'Gi', 'e3', 'e-1');
  const number = fc
    .tuple(fc.nat(99_999), fc.option(fc.nat(99)))
    .map(([whole, part]) => (part === null ? `${whole}` : `${whole}.${part}`));
  fc.assert(
    fc.property(number, suffix, (amount, unit) => {
      const written = canonicalQuantity(`${amount}${unit}`) ?? '';
      expect(quantityNano(written)).toBe(quantityNano(`${amount}${unit}`));
      expect(canonicalQuantity(written)).toBe(written);
    }),
  );
});
