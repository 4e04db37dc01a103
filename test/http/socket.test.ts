import { connect } from 'node:net';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type ReplicaProcess, startProcess } from '../support/process.ts';
import { createDatabase } from '../support/service.ts';

let database: Awaited<ReturnType<typeof createDatabase>>;
let replica: ReplicaProcess;

beforeAll(async () => {
  database = await createDatabase();
  replica = await startProcess(database.databaseUrl);
});

afterAll(async () => {
  await replica.kill();
  await database.drop();
});

/** Sends bytes as they are and gives what comes back, up to the end or the first whole answer. */
async function exchange(text: string): Promise<string> {
  const { hostname, port } = new URL(replica.url);
  const socket = connect(Number(port), hostname);
  socket.setTimeout(30_000, () => socket.destroy(new Error('no answer within 30 s')));
  let answer = '';
  const over = new Promise<string>((resolve, reject) => {
    socket.on('data', (chunk: Buffer) => {
      answer += chunk.toString();
      if (/\r\n\r\n.*\}$/s.test(answer)) resolve(answer);
    });
    socket.on('end', () => resolve(answer));
    socket.on('error', (error) => (answer ? resolve(answer) : reject(error)));
  });
  socket.write(text);
  return await over.finally(() => socket.destroy());
}

const head = (path: string, ...headers: string[]) =>
  [`POST ${path} HTTP/1.1`, 'Host: executor', 'Content-Type: application/json', ...headers, '', ''].join('\r\n');

test.each(['/api/v1/execute', '/api/v1/executions/a/rollback'])(
  '%s refuses a body that is announced as too large, before it comes',
  async (path) => {
    const answer = await exchange(head(path, `Content-Length: ${1024 * 1024 + 1}`));

    expect(answer).toMatch(/^HTTP\/1\.1 413 /);
    expect(answer).toContain('application/problem+json');
    expect(answer).toContain('"code":"payload_too_large"');
  },
);

test('a body that hides its length is refused as soon as it is too large', async () => {
  const stream = new ReadableStream<Uint8Array>({
    pull(controller) {
      controller.enqueue(new Uint8Array(64 * 1024).fill(0x20));
    },
  });

  const response = await fetch(`${replica.url}/api/v1/execute`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: stream,
    duplex: 'half',
  });

  expect(response.status).toBe(413);
  expect(await response.json()).toMatchObject({ code: 'payload_too_large' });
});

test.each([
  ['a length that is no number', head('/api/v1/execute', 'Content-Length: ten')],
  ['a negative length', head('/api/v1/execute', 'Content-Length: -1')],
  ['two lengths', `${head('/api/v1/execute', 'Content-Length: 2', 'Content-Length: 3')}{}`],
  [
    'a length and chunks, as smugglers send them',
    `${head('/api/v1/execute', 'Content-Length: 4', 'Transfer-Encoding: chunked')}0\r\n\r\n`,
  ],
  ['chunks that are none', `${head('/api/v1/execute', 'Transfer-Encoding: chunked')}zz\r\n{}\r\n`],
  ['no HTTP at all', '\u0016\u0003\u0001 garbage\r\n\r\n'],
])('%s is refused, and the service goes on', async (_title, text) => {
  const answer = await exchange(text);

  expect(answer).toMatch(/^HTTP\/1\.1 4\d\d /);
  expect((await fetch(`${replica.url}/readyz`)).status).toBe(200);
});

test('headers beyond measure are refused', async () => {
  const answer = await exchange(head('/api/v1/execute', `X-Request-ID: ${'x'.repeat(100_000)}`));

  expect(answer).toMatch(/^HTTP\/1\.1 431 /);
});

test('a caller that goes away in the middle of its body leaves nothing behind', async () => {
  const { hostname, port } = new URL(replica.url);
  const socket = connect(Number(port), hostname);
  await new Promise<void>((resolve) =>
    socket.write(`${head('/api/v1/execute', 'Content-Length: 1000')}{"action":`, () => resolve()),
  );
  await new Promise((resolve) => setTimeout(resolve, 100));
  socket.destroy();
  await new Promise((resolve) => setTimeout(resolve, 300));

  const history = await fetch(`${replica.url}/api/v1/executions`);

  expect(await history.json()).toEqual({ items: [], next: null });
  expect(replica.process.exitCode).toBeNull();
  expect(replica.output()).not.toMatch(/"level":"error"|unhandled/i);
});

test('a problem tells the trace of the caller, whose traceparent is kept', async () => {
  const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';

  const response = await fetch(`${replica.url}/api/v1/status/none`, { headers: { traceparent } });
  const garbage = await fetch(`${replica.url}/api/v1/status/none`, { headers: { traceparent: '00-zz-zz-zz' } });

  expect(await response.json()).toMatchObject({
    code: 'execution_not_found',
    trace_id: '0af7651916cd43dd8448eb211c80319c',
  });
  expect(await garbage.json()).toMatchObject({
    code: 'execution_not_found',
    trace_id: expect.stringMatching(/^[0-9a-f]{32}$/),
  });
});

test('HEAD has the headers of GET and no body', async () => {
  const response = await fetch(`${replica.url}/health`, { method: 'HEAD' });

  expect(response.status).toBe(200);
  expect(await response.text()).toBe('');
});
