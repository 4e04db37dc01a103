import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { jsonbText } from '../../src/platform/jsonb-text.ts';
import { verifyChain } from '../../src/platform/verify-chain.ts';
import { type Service, startService } from '../support/service.ts';

let service: Service;
let lines: string[];

beforeAll(async () => {
  service = await startService();
  for (let index = 0; index < 12; index += 1) await service.execute('notify_only', { message: `message ${index}` });
  const { body } = await service.get('/api/v1/audit');
  lines = body.trim().split('\n');
});

afterAll(async () => {
  await service.close();
});

/** Values that PostgreSQL takes: no NUL, no half of a surrogate pair. */
const text = fc.string({ unit: 'binary' }).filter((one) => !one.includes('\0'));
const json = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small' },
    fc.constantFrom(null, true, false),
    fc.integer(),
    fc.double({ noDefaultInfinity: true, noNaN: true }),
    text,
    fc.array(tie('value'), { maxLength: 4 }),
    fc.dictionary(text, tie('value'), { maxKeys: 4 }),
  ),
})).value;

test('the canonical text of any JSON is that of PostgreSQL', async () => {
  await fc.assert(
    fc.asyncProperty(json, async (value) => {
      const sent = JSON.stringify(value);
      const [row] = await service.sql`select ${sent}::text::jsonb::text as canonical`;

      expect(jsonbText(JSON.parse(sent))).toBe(row?.canonical);
    }),
    { numRuns: 300 },
  );
});

test('an export is unbroken as it is, and written otherwise', async () => {
  const rewritten = lines.map((line) =>
    JSON.stringify(Object.fromEntries(Object.entries(JSON.parse(line)).toReversed())),
  );

  expect(await verifyChain(lines)).toMatchObject({ entries: 12, faults: [], head: { seq: 12 } });
  expect(await verifyChain(rewritten)).toMatchObject({ entries: 12, faults: [] });
});

test('whatever is changed, taken out, put elsewhere, doubled or made up is found', async () => {
  const place = fc.nat({ max: 11 });
  const tampering = fc.oneof(
    fc.record({ how: fc.constant('change' as const), at: place, field: fc.nat({ max: 10 }), to: json }),
    fc.record({ how: fc.constant('take' as const), at: fc.integer({ min: 1, max: 10 }) }),
    fc.record({ how: fc.constant('swap' as const), at: place, with: place }),
    fc.record({ how: fc.constant('double' as const), at: place }),
    fc.record({
      how: fc.constant('letter' as const),
      at: place,
      letter: fc.nat(),
      to: fc.constantFrom('0', 'a', 'x', '"'),
    }),
  );
  await fc.assert(
    fc.asyncProperty(tampering, async (one) => {
      const changed = tampered(one);
      fc.pre(changed.map(meaning).join('\n') !== lines.map(meaning).join('\n'));

      const { faults } = await verifyChain(changed);

      expect(faults, JSON.stringify(one)).not.toEqual([]);
    }),
    { numRuns: 500 },
  );

  function tampered(one: Tampering): string[] {
    const line = lines[one.at] ?? '';
    switch (one.how) {
      case 'change': {
        const entry = JSON.parse(line);
        entry[Object.keys(entry)[one.field] ?? 'data'] = one.to;
        return lines.with(one.at, JSON.stringify(entry));
      }
      case 'take':
        return lines.toSpliced(one.at, 1);
      case 'swap':
        return lines.with(one.at, lines[one.with] ?? '').with(one.with, line);
      case 'double':
        return lines.toSpliced(one.at, 0, line);
      case 'letter': {
        const at = one.letter % line.length;
        return lines.with(one.at, line.slice(0, at) + one.to + line.slice(at + 1));
      }
    }
  }
});

type Tampering =
  | { how: 'change'; at: number; field: number; to: unknown }
  | { how: 'take' | 'double'; at: number }
  | { how: 'swap'; at: number; with: number }
  | { how: 'letter'; at: number; letter: number; to: string };

/** What a line says, however it is written. */
function meaning(line: string): string {
  try {
    return jsonbText(JSON.parse(line));
  } catch {
    return line;
  }
}
