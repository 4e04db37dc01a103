import fc from 'fast-check';

/** Texts that somebody might try. */
const hostileTexts: readonly string[] = [
  '',
  ' ',
  '\u0000',
  'web\u0000',
  '\ud800',
  '\u202eweb',
  '﷽'.repeat(40),
  '__proto__',
  'constructor',
  'toString',
  '../../etc/passwd',
  '..%2f..%2f',
  "' or 1=1 --",
  '"; drop table execution; --',
  '$(reboot)',
  '`reboot`',
  '${jndi:ldap://example}',
  '{{7*7}}',
  '%s%n',
  '%',
  '%zz',
  '<script>alert(1)</script>',
  'null',
  'NaN',
  '1e999',
  '1e1000000000',
  '1e-1000000000',
  '999999999999999999999999Ei',
  `${'9'.repeat(1_000)}Gi`,
  '1h'.repeat(300),
  '9223372036854775808ns',
  `${'a'.repeat(60)}!`.repeat(20),
  'a=b,c in (',
  '0001-01-01T00:00:00+23:59',
  '9999-12-31T23:59:60Z',
  '/var/log/../../etc/shadow',
  '-rf',
  '-1',
  '٣',
  'a\r\nSet-Cookie: a=b',
  'x'.repeat(3_000),
];

const hostileKeys = [
  '__proto__',
  'constructor',
  'prototype',
  'toString',
  'hasOwnProperty',
  '',
  'a\u0000',
  '\udfff',
  'k'.repeat(400),
];

export const hostileText = fc.oneof(
  fc.constantFrom(...hostileTexts),
  fc.string({ unit: 'binary', maxLength: 40 }),
  fc.string({ unit: 'grapheme', maxLength: 40 }),
);

export const hostileValue: fc.Arbitrary<unknown> = fc.oneof(
  hostileText,
  fc.constantFrom(null, true, 0, -1, 2 ** 31, 2 ** 53, 1e300, -0.5, [], {}, [[]], [null], { a: { b: [1] } }),
  fc.constantFrom(...hostileKeys).map((key) => Object.fromEntries([[key, { [key]: 1 }]])),
  fc.integer({ min: 60, max: 3_000 }).map(nested),
  fc.integer({ min: 1_000, max: 20_000 }).map((length) => 'x'.repeat(length)),
  fc.integer({ min: 200, max: 2_000 }).map((length) => Array.from({ length }, (_, index) => index)),
  fc.object({ key: hostileText, values: [hostileText, fc.double(), fc.boolean(), fc.constant(null)], maxDepth: 3 }),
);

/** A copy of the value with something wrong somewhere: another value, a member more, a member less. */
export function spoilt(value: unknown): fc.Arbitrary<unknown> {
  const places = placesIn(value);
  return fc
    .array(fc.tuple(fc.constantFrom(...places), hostileValue, fc.constantFrom('replace', 'add', 'leave out')), {
      minLength: 1,
      maxLength: 3,
    })
    .chain((edits) =>
      fc.constantFrom(...hostileKeys, 'unknown').map((key) =>
        edits.reduce<unknown>((sofar, [place, instead, how]) => {
          if (how === 'add') return edited(sofar, [...place, key], instead);
          return edited(sofar, place, how === 'replace' ? instead : leftOut);
        }, value),
      ),
    );
}

const leftOut = Symbol('left out');

function placesIn(value: unknown, at: readonly string[] = []): (readonly string[])[] {
  if (typeof value !== 'object' || value === null) return [at];
  return [at, ...Object.entries(value).flatMap(([key, member]) => placesIn(member, [...at, key]))];
}

function edited(value: unknown, [key, ...rest]: readonly string[], instead: unknown): unknown {
  if (key === undefined) return instead === leftOut ? null : instead;
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value);
  const old = entries.find(([name]) => name === key)?.[1];
  const member = rest.length === 0 ? instead : edited(old, rest, instead);
  const others = entries.filter(([name]) => name !== key);
  // Not by assignment: `__proto__` is to be a member as any other.
  const made = Object.fromEntries(member === leftOut ? others : [...others, [key, member]]);
  return Array.isArray(value) ? Object.values(made) : made;
}

function nested(levels: number): unknown {
  let value: unknown = 'deep';
  for (let level = 0; level < levels; level += 1) value = level % 2 === 0 ? [value] : { a: value };
  return value;
}
