import fc from 'fast-check';
import { expect, test } from 'vitest';
import { formatDuration, parseDuration } from '../../src/text/duration.ts';

test.each([
  ['0s', 0],
  ['30s', 30_000],
  ['5m', 300_000],
  ['1h30m', 5_400_000],
  ['1.5h', 5_400_000],
  ['90d', 7_776_000_000],
  ['250ms', 250],
])('%s is %d ms', (text, ms) => {
  expect(parseDuration(text)).toBe(ms);
});

test.each([
  '',
  '30',
  's',
  '-5s',
  '5 m',
  '1w',
  '1h 30m',
  '5S',
  '1e3s',
  '.5h',
  '999999999999999999d',
  `${'1s'.repeat(30)}`,
])('%j is none', (text) => {
  expect(parseDuration(text)).toBeUndefined();
});

test('what is written is read back the same', () => {
  fc.assert(fc.property(fc.nat({ max: 1e12 }), (ms) => parseDuration(formatDuration(ms)) === ms));
});

test('any text is either a safe whole number or none', () => {
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.stringMatching(/^[0-9.smhd]+$/)), (text) => {
      const ms = parseDuration(text);
      return ms === undefined || (Number.isSafeInteger(ms) && ms >= 0);
    }),
  );
});
