import { expect, test } from 'vitest';
import { accept, answers, closeFrame, speaks, startExecServer } from './exec-server.ts';

const pod = { apiVersion: 'v1', kind: 'Pod', namespace: 'shop', name: 'web-0' };
const success: [number, string] = [3, JSON.stringify({ metadata: {}, status: 'Success' })];
const exit = (code: number): [number, string] => [
  3,
  JSON.stringify({
    metadata: {},
    status: 'Failure',
    reason: 'NonZeroExitCode',
    message: `command terminated with exit code ${code}`,
    details: { causes: [{ reason: 'ExitCode', message: String(code) }] },
  }),
];
const failure = (message: string, code = 500): [number, string] => [
  3,
  JSON.stringify({ metadata: {}, status: 'Failure', reason: 'InternalError', code, message }),
];

test('a command goes as a list of arguments, with the credentials, and its output and end come back', async () => {
  await using server = await startExecServer(speaks([[1, 'a\n'], [2, 'oops\n'], [1, 'ü'], success]));

  const ended = await server.cluster().exec(pod, ['echo', '', '$HOME; rm -rf /'], { container: 'app' });

  expect(ended).toEqual({
    exitCode: 0,
    stdout: { text: 'a\nü', bytes: 4, truncated: false },
    stderr: { text: 'oops\n', bytes: 5, truncated: false },
  });
  const [request] = server.requests;
  const url = new URL(request?.url ?? '', 'http://x');
  expect(url.pathname).toBe('/api/v1/namespaces/shop/pods/web-0/exec');
  expect(url.searchParams.getAll('command')).toEqual(['echo', '', '$HOME; rm -rf /']);
  expect(request?.headers).toMatchObject({
    authorization: 'Bearer secret-token',
    'user-agent': 'executor-service',
    'sec-websocket-protocol': 'v5.channel.k8s.io, v4.channel.k8s.io',
  });
  // The socket is closed by the one who asked for it.
  await server.closed;
});

test('a server that speaks only version 4 is understood', async () => {
  await using server = await startExecServer(speaks([[1, 'four'], success], 'v4.channel.k8s.io'));

  expect(await server.cluster().exec(pod, ['true'])).toMatchObject({ exitCode: 0, stdout: { text: 'four' } });
});

test('output beyond the bound is counted and left out', async () => {
  const chunk = 'x'.repeat(60_000);
  await using server = await startExecServer(speaks([[1, 'ä'], ...Array(100).fill([1, chunk]), [2, 'äö'], success]));

  const ended = await server.cluster().exec(pod, ['yes'], { limitBytes: 3 });

  expect(ended.stdout).toEqual({ text: 'äx', bytes: 6_000_002, truncated: true });
  // The second letter is cut in two by the bound.
  expect(ended.stderr).toEqual({ text: 'ä', bytes: 4, truncated: true });
});

test.each([
  ['in the causes', exit(7), 7, ''],
  ['in words alone', failure('error executing command in container: sh: exit status 3'), 3, ''],
  [
    'of an executable that is not there',
    failure(
      'OCI runtime exec failed: unable to start container process: exec: "jcmd": executable file not found in $PATH: unknown',
    ),
    127,
    'executable file not found',
  ],
  ['of a path that is not there', failure('exec: "/x/y": stat /x/y: no such file or directory: unknown'), 127, '/x/y'],
  [
    'of a file that is not to be executed',
    failure('exec: "/etc": permission denied: unknown'),
    126,
    'permission denied',
  ],
])('an exit code %s is a result, not an error', async (_where, status, exitCode, said) => {
  await using server = await startExecServer(speaks([status]));

  const ended = await server.cluster().exec(pod, ['x']);

  expect(ended.exitCode).toBe(exitCode);
  expect(ended.stderr.text).toContain(said);
});

test.each([
  [
    'a container that does not run',
    speaks([failure('unable to upgrade connection: container not found ("app")')]),
    'invalid',
    /container not found/,
  ],
  [
    'a failure of the kubelet',
    speaks([failure('dial tcp 10.0.0.1:10250: i/o timeout')]),
    'interrupted',
    /i\/o timeout/,
  ],
  [
    'a refusal',
    answers(403, { kind: 'Status', message: 'pods "web-0" is forbidden: cannot create pods/exec', code: 403 }),
    'forbidden',
    /cannot create pods\/exec/,
  ],
  [
    'no such container',
    answers(400, { kind: 'Status', message: 'container x is not valid for pod web-0', code: 400 }),
    'invalid',
    /container x is not valid/,
  ],
  [
    'a proxy that lets no WebSocket through',
    answers(400, { kind: 'Status', message: 'Upgrade request required', code: 400 }),
    'notSupported',
    /Upgrade request required/,
  ],
  ['a proxy that answers by itself', answers(200, {}), 'notSupported', /answered 200/],
])('%s is told as what it is, and asked once', async (_what, session, reason, message) => {
  await using server = await startExecServer(session);

  const ended = server.cluster().exec(pod, ['true']);

  await expect(ended).rejects.toMatchObject({
    name: 'KubernetesError',
    reason,
    message: expect.stringMatching(message),
  });
  expect(server.requests).toHaveLength(1);
});

test.each([
  ['breaks', (socket: { destroy(): void }) => socket.destroy()],
  ['is closed in order', (socket: { end(content: Buffer): void }) => socket.end(closeFrame)],
])('a command whose connection %s before its end is `interrupted`, and never sent again', async (_how, end) => {
  await using server = await startExecServer((socket, request) => {
    accept(socket, request);
    setTimeout(() => end(socket), 50);
  });

  const ended = server.cluster().exec(pod, ['rm', 'x']);

  await expect(ended).rejects.toMatchObject({ reason: 'interrupted' });
  await expect(ended).rejects.not.toThrow(/secret-token/);
  expect(server.requests).toHaveLength(1);
});

test('the deadline and the signal end a command, and its socket', async () => {
  await using server = await startExecServer(speaks([[1, 'begun']]));
  const cluster = server.cluster();

  await expect(cluster.exec(pod, ['sleep'], { timeoutMs: 100 })).rejects.toMatchObject({ reason: 'interrupted' });
  await server.closed;
  const signal = AbortSignal.timeout(50);
  await expect(cluster.exec(pod, ['sleep'], { signal })).rejects.toMatchObject({ reason: 'aborted' });
});

test('the connection of a server that does not answer the close is ended all the same', async () => {
  await using server = await startExecServer((socket, request) => {
    speaks([success])(socket, request);
    socket.removeAllListeners('data').resume();
  });

  await server.cluster().exec(pod, ['true']);

  await expect(server.closed).resolves.toBeUndefined();
});

test('the deadline holds while the server does not answer the request for a socket', async () => {
  await using server = await startExecServer(() => undefined);

  const ended = server.cluster().exec(pod, ['true'], { timeoutMs: 100 });

  await expect(ended).rejects.toMatchObject({ reason: 'interrupted' });
});

test('after a 401 it is asked once more with fresh credentials, because nothing had begun', async () => {
  await using server = await startExecServer(
    answers(401, { kind: 'Status', message: 'Unauthorized', code: 401 }),
    speaks([success]),
  );
  const asked: boolean[] = [];
  const authorize = (options?: { refresh?: boolean }) => {
    asked.push(options?.refresh === true);
    return { authorization: 'Bearer fresh' };
  };

  expect(await server.cluster({ authorize }).exec(pod, ['true'])).toMatchObject({ exitCode: 0 });
  expect(asked).toEqual([false, true]);
});

test('without anything that opens WebSockets, and without a command, it says so', async () => {
  await using server = await startExecServer(speaks([success]));
  const without = server.cluster({ connect: undefined });

  await expect(without.exec(pod, ['true'])).rejects.toMatchObject({ reason: 'notSupported' });
  await expect(server.cluster().exec(pod, [])).rejects.toMatchObject({ reason: 'invalid' });
});

test('every attempt is observed, with the headers of its trace', async () => {
  await using server = await startExecServer(speaks([success]));
  const calls: unknown[] = [];

  await server
    .cluster({
      observe: async (call, send) => {
        const outcome = await send({ traceparent: '00-1-2-01' });
        calls.push([call.verb, call.resource, call.subresource, call.attempt, outcome.status]);
        return outcome;
      },
    })
    .exec(pod, ['true']);

  expect(calls).toEqual([['connect', 'pods', 'exec', 1, 101]]);
  expect(server.requests[0]?.headers['traceparent']).toBe('00-1-2-01');
});
