import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { endOf, fit, jsonBytes } from '../../../src/actions/diagnostics/fit.ts';
import { redactReport } from '../../../src/actions/diagnostics/redact.ts';

describe('a report', () => {
  test('never takes more than its room, says what was cut, and keeps whole what fits', () => {
    const part = fc.oneof(
      fc.string({ maxLength: 3000 }),
      fc.array(fc.string({ maxLength: 300 }), { maxLength: 40 }),
      fc.integer(),
    );

    fc.assert(
      fc.property(
        fc.dictionary(fc.stringMatching(/^[a-z]{1,12}$/), part, { maxKeys: 12 }),
        fc.integer({ min: 1500, max: 8000 }),
        (report, limit) => {
          const fitted = fit(report, limit);
          const cut = Array.isArray(fitted['cut']) && !Object.hasOwn(report, 'cut') ? fitted['cut'] : [];
          const whole = Object.keys(report).filter((key) => key !== 'cut' && !cut.includes(key));
          expect(jsonBytes(fitted)).toBeLessThanOrEqual(limit);
          for (const key of whole) expect(fitted[key]).toBe(report[key]);
        },
      ),
    );
  });

  test('gives room in the order of its parts: the first items of a list stay, what comes later may have to go', () => {
    const items = Array.from({ length: 100 }, (_, index) => `item ${index} ${'x'.repeat(90)}`);

    const fitted = fit({ findings: ['short'], logs: items, object: { big: 'y'.repeat(9000) } }, 6000);

    expect(fitted).toMatchObject({ findings: ['short'], cut: ['logs', 'object'] });
    expect(fitted['logs']).toEqual(items.slice(0, 49));
    expect(fitted).not.toHaveProperty('object');
  });
});

describe('the end of a log', () => {
  test('fits as JSON whatever it is made of, and is whole lines where there are any', () => {
    fc.assert(
      fc.property(
        fc.array(fc.string({ unit: 'binary', maxLength: 60 }), { maxLength: 60 }),
        fc.integer({ min: 40, max: 2000 }),
        (lines, limit) => {
          const text = lines.join('\n');
          const end = endOf(text, limit);
          expect(jsonBytes(end)).toBeLessThanOrEqual(limit);
          expect(text.endsWith(end)).toBe(true);
        },
      ),
    );
  });

  test('is the newest lines', () => {
    const lines = Array.from({ length: 50 }, (_, index) => `line ${index}`);

    expect(endOf(lines.join('\n'), 60).split('\n')).toEqual([
      'line 44',
      'line 45',
      'line 46',
      'line 47',
      'line 48',
      'line 49',
    ]);
  });
});

test('secrets in arguments, variables, annotations and managed fields are left out', () => {
  const secret = 'hunter2hunter2';
  const report = redactReport({
    object: {
      kind: 'Deployment',
      metadata: {
        name: 'web',
        managedFields: [{ manager: 'kubectl' }],
        annotations: { 'kubectl.kubernetes.io/last-applied-configuration': `{"x":"${secret}"}`, team: 'shop' },
      },
      spec: {
        containers: [
          {
            args: ['--user', 'app', '--password', secret, `--token=${secret}`],
            env: [
              { name: 'API_TOKEN', value: secret },
              { name: 'DSN', value: `postgres://app:${secret}@db/shop` },
              { name: 'LOG_LEVEL', value: 'debug' },
            ],
          },
        ],
      },
    },
    logs: [{ text: `connecting with password=${secret}\nready` }],
  });

  expect(JSON.stringify(report)).not.toContain(secret);
  expect(report).toMatchObject({
    object: {
      metadata: { name: 'web', annotations: { team: 'shop' } },
      spec: {
        containers: [
          {
            args: ['--user', 'app', '--password', '[redacted]', '--token=[redacted]'],
            env: [{}, {}, { value: 'debug' }],
          },
        ],
      },
    },
    logs: [{ text: expect.stringContaining('ready') }],
  });
  expect(report['object']).not.toHaveProperty('metadata.managedFields');
});
