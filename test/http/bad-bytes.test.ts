import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
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

const doors = ['/api/v1/execute', '/api/v1/executions/some-id/cancel', '/api/v1/executions/some-id/rollback'];

async function send(
  path: string,
  body: string | Uint8Array<ArrayBuffer>,
  contentType = 'application/json',
): Promise<Answer> {
  const response = await service.app.request(path, { method: 'POST', headers: { 'content-type': contentType }, body });
  return { status: response.status, headers: response.headers, body: JSON.parse(await response.text()) };
}

test.each([
  ['nothing but a brace', '{'],
  ['an unquoted key', '{action: "scale_deployment"}'],
  ['a trailing comma', '{"action": "scale_deployment",}'],
  ['two documents', '{}{}'],
  ['NaN', '{"action": NaN}'],
  ['a comment', '{/* a */}'],
  ['single quotes', "{'action': 'a'}"],
  ['YAML', 'action: scale_deployment'],
  ['a raw newline in a text', '{"action": "a\nb"}'],
  ['a raw NUL in a text', '{"action": "a\u0000b"}'],
  ['bytes that are no UTF-8', Uint8Array.of(0x22, 0xff, 0xfe, 0x22)],
  ['UTF-8 that ends too early', Uint8Array.of(0x22, 0xe2, 0x82)],
  ['a surrogate in UTF-8', Uint8Array.of(0x22, 0xed, 0xa0, 0x80, 0x22)],
  ['UTF-16', new Uint8Array(Buffer.from('\ufeff{}', 'utf16le'))],
])('broken JSON is 400 at every door: %s', async (_title, body) => {
  for (const door of doors) {
    const answer = await send(door, body);

    expectProblem(answer, { status: 400, code: 'malformed_json' });
    expect(answer.body.hint).toContain('UTF-8');
  }
});

test.each([
  [
    'arrays in the metadata',
    deep(['{"action":"scale_deployment","metadata":{"a":', '}}'], ['[', ']'], 10_000),
    'metadata',
  ],
  [
    'objects in the metadata',
    deep(['{"action":"scale_deployment","metadata":', '}'], ['{"a":', '}'], 10_000),
    'metadata',
  ],
  [
    'arrays in a parameter',
    deep(['{"action":"scale_deployment","parameters":{"replicas":', '}}'], ['[', ']'], 10_000),
    'parameters/replicas',
  ],
  [
    'arrays in the reasoning',
    deep(['{"action":{"action":"scale_deployment","reasoning":', '}}'], ['[', ']'], 10_000),
    'action/reasoning',
  ],
  ['objects where nothing is known', deep(['{"bogus":', '}'], ['{"a":', '}'], 10_000), 'bogus'],
  ['arrays, a megabyte of them', deep(['', ''], ['[', ']'], 500_000), '0'],
  ['65 levels', deep(['{"action":"scale_deployment","metadata":', '}'], ['{"a":', '}'], 64), 'metadata'],
])('what is nested too deep is refused with a pointer: %s', async (_title, body, where) => {
  for (const door of doors) {
    const answer = await send(door, body);

    expectProblem(answer, { status: 422, code: 'validation_failed' });
    expect(answer.body.errors[0].pointer).toMatch(new RegExp(`^/${where}/`));
    expect(answer.body.errors[0].detail).toContain('64 levels');
  }
});

test.each([
  ['/metadata/n/0', '{"action":"scale_deployment","metadata":{"n":[1e400]}}'],
  ['/timeout', '{"action":"scale_deployment","timeout":1e400}'],
  ['/timeout', '{"action":"scale_deployment","timeout":-1e400}'],
  ['/parameters/replicas', '{"action":"scale_deployment","parameters":{"replicas":1e400}}'],
  ['/action/confidence', '{"action":{"action":"scale_deployment","confidence":1e999}}'],
])('a number that is too large for any machine is refused at %s', async (pointer, body) => {
  const answer = await send('/api/v1/execute', body);

  expectProblem(answer, { status: 422, code: 'validation_failed', pointers: [pointer] });
});

test('a megabyte is read and judged; more is not', async () => {
  const filled = (bytes: number) => {
    const frame = JSON.stringify({ action: 'scale_deployment', metadata: { text: '' } });
    return frame.replace('""', `"${'x'.repeat(bytes - frame.length)}"`);
  };

  const most = await send('/api/v1/execute', filled(1024 * 1024));
  const more = await send('/api/v1/execute', filled(1024 * 1024 + 1));

  expectProblem(most, { status: 422, code: 'validation_failed', pointers: ['/parameters/replicas', '/target'] });
  expectProblem(more, { status: 413, code: 'payload_too_large' });
});

test.each([
  ['one text of a megabyte as the action', JSON.stringify({ action: 'a'.repeat(1_000_000) })],
  ['one key of a megabyte', JSON.stringify({ ['k'.repeat(1_000_000)]: 1 })],
  ['one name of a megabyte', JSON.stringify({ action: 'scale_deployment', target: { name: 'a-'.repeat(500_000) } })],
  [
    'one version of a megabyte',
    JSON.stringify({ action: 'scale_deployment', target: { name: 'a', api_version: `${'a-'.repeat(500_000)}/v1` } }),
  ],
  [
    'one duration of a megabyte',
    JSON.stringify({ action: 'collect_diagnostics', parameters: { time_range: '1'.repeat(1_000_000) } }),
  ],
  [
    'a hundred thousand parameters',
    JSON.stringify({
      action: 'scale_deployment',
      parameters: Object.fromEntries(Array.from({ length: 70_000 }, (_, index) => [`p${index}`, 1])),
    }),
  ],
  [
    'a hundred thousand labels that are no texts',
    JSON.stringify({
      action: {},
      alert: { labels: Object.fromEntries(Array.from({ length: 70_000 }, (_, index) => [`l${index}`, 1])) },
    }),
  ],
])('what is large is refused quickly, and briefly: %s', async (_title, body) => {
  const startedMs = performance.now();

  const answer = await send('/api/v1/execute', body);

  expectProblem(answer, { status: 422, code: 'validation_failed' });
  expect(performance.now() - startedMs).toBeLessThan(40_000);
  expect(answer.body.errors.length).toBeLessThanOrEqual(100);
  expect(answer.body.detail.length).toBeLessThan(5_000);
});

function deep([before, after]: [string, string], [open, close]: [string, string], levels: number): string {
  return `${before}${open.repeat(levels)}1${close.repeat(levels)}${after}`;
}
