import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createLabelBound } from '../../src/telemetry/label-bound.ts';

test('an unknown value of a known label is other', () => {
  const bound = createLabelBound({ known: { action: new Set(['restart_pod']) } });

  expect([bound('action', 'restart_pod'), bound('action', 'x')]).toEqual(['restart_pod', 'other']);
});

test('values seen before the cap keep their name after it', () => {
  const bound = createLabelBound({ cap: 2 });

  expect(['a', 'b', 'c', 'a'].map((value) => bound('namespace', value))).toEqual(['a', 'b', 'other', 'a']);
  expect(bound('resource', 'c')).toBe('c');
});

test('a label never has more values than the cap and other', () => {
  fc.assert(
    fc.property(fc.array(fc.string(), { maxLength: 200 }), fc.integer({ min: 1, max: 20 }), (values, cap) => {
      const bound = createLabelBound({ cap });

      expect(new Set(values.map((value) => bound('namespace', value))).size).toBeLessThanOrEqual(cap + 1);
    }),
  );
});
