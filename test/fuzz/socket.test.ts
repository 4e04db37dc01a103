import { connect } from 'node:net';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { staticCallers } from '../http/static-callers.ts';
import { type ReplicaProcess, startProcess } from '../support/process.ts';
import { createDatabase } from '../support/service.ts';
import { fuzzing } from './fuzzing.ts';
import { hostileText } from './hostile.ts';

/** What no client library sends: the process itself, byte by byte. */

const longestMs = 30_000;
const { env, tokens } = staticCallers({ ada: { role: 'admin' } });
let database: Awaited<ReturnType<typeof createDatabase>>;
let replica: ReplicaProcess;

beforeAll(async () => {
  database = await createDatabase();
  replica = await startProcess(database.databaseUrl, env);
});

afterAll(async () => {
  await replica.kill();
  await database.drop();
});

const bytes = (text: fc.Arbitrary<string>) => text.map((each) => Buffer.from(each, 'utf8').toString('latin1'));
const oneLine = (text: fc.Arbitrary<string>) => text.map((each) => each.replaceAll(/[\r\n]/g, ''));

const target = fc.oneof(
  fc.constantFrom(
    '/livez',
    '/api/v1/executions',
    '/api/v1/execute',
    '/session',
    '/',
    '//',
    '///health',
    '//evil.example/health',
    '*',
    '/*',
    'http://evil.example/health',
    'https://[::1',
    'http://%/health',
    'health',
    '/%',
    '/%ff',
    '/\u00ff',
    '/?\u0000',
    '/\\..\\health',
    '/health#x',
    '/health?' + 'a'.repeat(8_000),
    '/api/v1/status/%2e%2e',
    '/api/v1/status/..;/x',
    '/api/v1/executions?limit=%',
    '/livez/../api/v1/executions',
    '/api/v1/executions/%00/cancel',
  ),
  hostileText.map((text) => `/api/v1/status/${encodeURIComponent(text.toWellFormed())}`),
  bytes(oneLine(hostileText)).map((text) => `/${text.replaceAll(' ', '+')}`),
);

/** So that what else is wrong with a request is reached. */
function mostly<T>(good: T, other: fc.Arbitrary<T>): fc.Arbitrary<T> {
  return fc.oneof({ weight: 6, arbitrary: fc.constant(good) }, { weight: 1, arbitrary: other });
}

const host = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.constantFrom(
      '',
      'a b',
      '[',
      '[::1',
      '%',
      'executor:99999',
      'executor:x',
      'a@b',
      'a/b',
      'a\\b',
      '\u00e4',
      'x'.repeat(5_000),
    ),
  },
  { weight: 1, arbitrary: bytes(oneLine(hostileText)) },
);

const request = fc
  .record({
    method: fc.oneof(
      { weight: 4, arbitrary: fc.constantFrom('GET', 'POST') },
      {
        weight: 1,
        arbitrary: fc.constantFrom('PUT', 'DELETE', 'OPTIONS', 'HEAD', 'TRACE', 'CONNECT', 'PROPFIND', 'get', 'X'),
      },
    ),
    target,
    version: mostly('HTTP/1.1', fc.constantFrom('HTTP/1.0', 'HTTP/2.0', 'HTTP/1.')),
    host: mostly<string | undefined>('executor', fc.option(host, { nil: undefined })),
    authorization: fc.constantFrom(
      () => `Bearer ${tokens.ada}`,
      () => 'Bearer wrong',
      () => undefined,
    ),
    more: mostly<readonly string[]>(
      [],
      fc.constantFrom<readonly string[]>(
        ['Content-Type: application/json', 'Content-Length: 2', '', '{}'],
        ['Content-Type: application/json', 'Transfer-Encoding: chunked', '', '2', '{}', '0', '', ''],
        ['Content-Type: application/json', 'Content-Length: 5', 'Expect: 100-continue', '', '{"a"}'],
        [
          'Upgrade: websocket',
          'Connection: Upgrade',
          'Sec-WebSocket-Version: 13',
          'Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==',
        ],
        ['Connection: close, x', 'X-Forwarded-Host: evil.example', 'X-Forwarded-Proto: \u00ff'],
        ['Cookie: executor_session=%zz; executor_session=b'],
        [' folded: header'],
        [': no name'],
      ),
    ),
  })
  .map(({ method, target: of, version, host: at, authorization, more }) => {
    const token = authorization();
    const head = [
      `${method} ${of} ${version}`,
      ...(at === undefined ? [] : [`Host: ${at}`]),
      ...(token === undefined ? [] : [`Authorization: ${token}`]),
    ];
    return Buffer.from([...head, ...more, '', ''].join('\r\n'), 'latin1');
  });

test('whatever bytes come, the process answers or hangs up, never with a fault of its own, and goes on', async () => {
  await fc.assert(
    fc.asyncProperty(request, async (sent) => {
      const status = await statusOf(sent);
      if (status !== undefined) expect(status).toBeLessThan(500);
    }),
    { seed: fuzzing.seed, numRuns: fuzzing.runs * 10 },
  );

  expect(replica.process.exitCode).toBeNull();
  expect((await fetch(`${replica.url}/readyz`)).status).toBe(200);
  expect(
    replica
      .output()
      .split('\n')
      .filter((line) => /"level":"(error|fatal)"|unhandled/i.test(line)),
  ).toEqual([]);
  expect(replica.output()).not.toContain(tokens.ada);
}, 120_000);

/** Of the first answer; undefined where the connection was closed without one. */
async function statusOf(sent: Buffer): Promise<number | undefined> {
  const { hostname, port } = new URL(replica.url);
  const socket = connect(Number(port), hostname);
  socket.setTimeout(longestMs, () =>
    socket.destroy(new Error(`no answer within ${longestMs} ms to ${sent.toString('latin1').slice(0, 300)}`)),
  );
  const answer = await new Promise<string>((resolve, reject) => {
    let text = '';
    socket.on('data', (chunk: Buffer) => {
      text += chunk.toString('latin1');
      if (/^HTTP\/1\.1 (?!100)\d/m.test(text)) resolve(text);
    });
    socket.on('end', () => resolve(text));
    socket.on('error', (error: NodeJS.ErrnoException) =>
      error.code === 'ECONNRESET' || error.code === 'EPIPE' ? resolve(text) : reject(error),
    );
    socket.write(sent);
    // Whatever was announced and does not come: nothing more does.
    socket.end();
  }).finally(() => socket.destroy());
  const [status] = [...answer.matchAll(/^HTTP\/1\.1 (\d{3})/gm)]
    .map(([, code]) => Number(code))
    .filter((code) => code !== 100);
  return status;
}
