import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type Answer, type Service, startService } from '../support/service.ts';
import { expectProblem } from './expect-problem.ts';
import { countCalls, rowCounts } from './write-count.ts';

const { calls, faults } = countCalls();
let service: Service;
let before: { rows: Record<string, number>; calls: number };

beforeAll(async () => {
  service = await startService({ faults });
});

beforeEach(async () => {
  before = { rows: await rowCounts(service), calls: calls() };
});

afterEach(async () => {
  expect({ rows: await rowCounts(service), calls: calls() }).toEqual(before);
});

afterAll(async () => {
  await service.close();
});

describe('in the query of the history', () => {
  const cursor = (position: unknown) => Buffer.from(encodeURIComponent(JSON.stringify(position))).toString('base64url');

  test.each([
    ['/action', 'action='],
    ['/namespace', 'namespace=a%00b'],
    ['/name', `name=${'n'.repeat(254)}`],
    ['/kind', 'kind=%00'],
    ['/correlation_id', 'correlation_id=%00'],
    ['/status', 'status=done'],
    ['/status', 'status=COMPLETED'],
    ['/status', "status=completed'--"],
    ['/status', 'status=completed&status=failed'],
    ...['0', '-1', '501', '1.5', 'ten', '', '1e2', '0x10', ' 5', 'Infinity', 'NaN', '9'.repeat(400)].map(
      (limit) => ['/limit', `limit=${encodeURIComponent(limit)}`] as const,
    ),
    ...[
      'yesterday',
      '',
      '2026-13-01T00:00:00Z',
      '2026-02-30T00:00:00Z',
      '2026-01-01',
      '1767225600',
      '0000-01-01T00:00:00Z',
      '0001-01-01T00:00:00%2B23:59',
      '9999-12-31T23:59:59-23:59',
      '2026-01-01T00:00:00%2B99:99',
      '2026-01-01T00:00:00Z%00',
    ].flatMap((time) => [['/since', `since=${time}`] as const, ['/until', `until=${time}`] as const]),
    ...[
      'garbage',
      '%00',
      '..',
      'e30',
      '',
      'x'.repeat(2_001),
      cursor(['2026-01-01T00:00:00Z']),
      cursor(['2026-01-01T00:00:00Z', 5]),
      cursor(['2026-01-01T00:00:00Z', 'a\u0000b']),
      cursor(['0000-01-01T00:00:00Z', 'a']),
      cursor(["' or 1=1", 'a']),
      cursor({ __proto__: [] }),
    ].map((text) => ['/cursor', `cursor=${text}`] as const),
    ['/bogus', 'bogus=1'],
    ['/__proto__', '__proto__=1'],
    ['/constructor', 'constructor=1'],
    ['/dry_run', 'dry_run=true'],
    ['/Status', 'Status=completed'],
  ] as const)('%s is refused: %s', async (pointer, query) => {
    const answer = await service.get(`/api/v1/executions?${query}`);

    expectProblem(answer, { status: 422, code: 'validation_failed', pointers: [pointer] });
  });

  test('all faults are told at once', async () => {
    const answer: Answer = await service.get('/api/v1/executions?limit=0&since=x&bogus=1&cursor=y&status=z');

    expectProblem(answer, {
      status: 422,
      code: 'validation_failed',
      pointers: ['/limit', '/since', '/bogus', '/cursor', '/status'],
    });
  });
});

describe('in the body of a rollback', () => {
  test.each([
    ['', []],
    ['', null],
    ['', 'force'],
    ['', 5],
    ['/force', { force: 'true' }],
    ['/force', { force: 1 }],
    ['/force', { force: null }],
    ['/force', { force: {} }],
    ['/dry_run', { dry_run: 0 }],
    ['/dry_run', { dry_run: 'no' }],
    ['/dry_run', { dry_run: [] }],
    ['/reason', { reason: 5 }],
    ['/reason', { reason: 'r'.repeat(1_001) }],
    ['/reason', { reason: 'a\u0000b' }],
    ['/reason', { reason: '\ud800' }],
    ['/reason', { reason: {} }],
    ['/bogus', { bogus: 1 }],
    ['/__proto__', JSON.parse('{"__proto__": {"force": true}}')],
    ['/constructor', { constructor: 1 }],
    ['/dryRun', { dryRun: true }],
  ])('a fault at "%s" is told: %j', async (pointer, body) => {
    const answer = await service.post('/api/v1/executions/some-id/rollback', body);

    expectProblem(answer, { status: 422, code: 'validation_failed', pointers: [pointer], sent: body });
  });
});
