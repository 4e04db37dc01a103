import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  type Answer,
  type Executed,
  type Home,
  type Server,
  eventually,
  homeOn,
  realServer,
  sandboxServer,
} from './servers.ts';

const sandbox = await sandboxServer();
const real = realServer();
const homes = new Map<Server, Home>();
const servers = real ? [sandbox, real] : [sandbox];
const named = servers.map((server): [string, Server] => [server.name, server]);

beforeAll(async () => {
  for (const server of servers) {
    const home = await homeOn(server, 'exec');
    homes.set(server, home);
    await start(server, 'one', { containers: [{ name: 'c', image: 'shop/app:1' }] });
    await start(server, 'two', { containers: ['c', 'd'].map((name) => ({ name, image: 'shop/app:1' })) });
    await start(server, 'waiting', {
      nodeName: undefined,
      nodeSelector: { no: 'such' },
      containers: [{ name: 'c', image: 'i' }],
    });
  }
}, 60_000);

afterAll(async () => {
  for (const home of homes.values()) await home.clear();
  await sandbox.close();
}, 60_000);

function pods(server: Server): string {
  return `/api/v1/namespaces/${homes.get(server)?.namespace}/pods`;
}

async function start(server: Server, name: string, spec: object, annotations: object = {}): Promise<Answer> {
  const nodeName = homes.get(server)?.node;
  const made = await server.call('POST', pods(server), {
    body: { metadata: { name, annotations }, spec: { nodeName, tolerations: [{ operator: 'Exists' }], ...spec } },
  });
  expect(made.status, made.text).toBe(201);
  if (name === 'waiting') return made;
  return eventually(
    () => server.call('GET', `${pods(server)}/${name}`),
    ({ body }) => body.status.phase === 'Running',
  );
}

function run(server: Server, pod: string, ...command: string[]): Promise<Executed> {
  const query = command.map((part) => `command=${encodeURIComponent(part)}`).join('&');
  return server.exec(`${pods(server)}/${pod}`, `${query}&stdout=true&stderr=true`);
}

describe.each(named)('exec on the %s cluster', (_name, server) => {
  test('a command runs with its arguments as they are, and no shell sees them', async () => {
    const done = await run(server, 'one', 'echo', '$HOME; ls', '*');

    expect(done).toMatchObject({ status: 101, protocol: 'v5.channel.k8s.io', stdout: '$HOME; ls *\n', stderr: '' });
    expect(done.body).toEqual({ metadata: {}, status: 'Success' });
  });

  test('the older protocol is spoken too, and an unknown one refused', async () => {
    const query = 'command=echo&command=hi&stdout=true';
    const older = await server.exec(`${pods(server)}/one`, query, 'v4.channel.k8s.io');
    const unknown = await server.exec(`${pods(server)}/one`, query, 'v9.channel.k8s.io');

    expect(older).toMatchObject({ protocol: 'v4.channel.k8s.io', stdout: 'hi\n' });
    expect(unknown.status).toBe(403);
  });

  test('a pod or a container that is not there, or not chosen, is refused', async () => {
    const query = 'command=echo&stdout=true';
    const answers = await Promise.all([
      server.exec(`${pods(server)}/nope`, query),
      server.exec(`${pods(server)}/one`, `${query}&container=zzz`),
      server.exec(`${pods(server)}/two`, query),
      server.exec(`${pods(server)}/waiting`, query),
      server.call('GET', `${pods(server)}/one/exec?${query}`),
    ]);

    expect(answers.map(({ status, body }) => `${status} ${body.reason}: ${body.message}`)).toEqual([
      '404 NotFound: pods "nope" not found',
      '400 BadRequest: container zzz is not valid for pod one',
      '400 BadRequest: a container name must be specified for pod two, choose one of: [c d]',
      '400 BadRequest: pod waiting does not have a host assigned',
      '400 BadRequest: Upgrade request required',
    ]);
  });

  test('a program that is not there is told as by the runtime', async () => {
    const { status, body } = await run(server, 'one', 'no-such-program');

    expect(status).toBe(101);
    expect(body).toMatchObject({ status: 'Failure', reason: 'InternalError', code: 500 });
    expect(body.message).toMatch(/exec: "no-such-program": executable file not found in \$PATH/);
  });
});

test('a failing command tells its exit code as a cause', async () => {
  const { stderr, body } = await run(sandbox, 'one', 'stat', '-c', '%s', '/none');

  expect(stderr).toBe("stat: cannot statx '/none': No such file or directory\n");
  expect(body).toMatchObject({ status: 'Failure', reason: 'NonZeroExitCode' });
  expect(body.details.causes).toEqual([{ reason: 'ExitCode', message: '1' }]);
});

test('find deletes what is old, on its filesystem, and through no link', async () => {
  const files = [
    { path: '/var/log/old.log', size: 1000, age: '8d' },
    { path: '/var/log/deep/older.log', size: 24, age: '30d' },
    { path: '/var/log/young.log', size: 7, age: '1h' },
    { path: '/var/log/mounted/old.log', size: 9, age: '9d' },
    { path: '/etc/old.conf', size: 5, age: '9d' },
    { path: '/var/log/way', to: '/etc' },
  ];
  const volumeMounts = [{ name: 'v', mountPath: '/var/log/mounted' }];
  await start(
    sandbox,
    'full',
    { volumes: [{ name: 'v', emptyDir: {} }], containers: [{ name: 'c', image: 'shop/app:1', volumeMounts }] },
    { 'sandbox/files': JSON.stringify(files) },
  );
  const old = ['/var/log', '-xdev', '-type', 'f', '-mtime', '+6'];

  const counted = await run(sandbox, 'full', 'find', ...old, '-exec', 'stat', '-c', '%s', '{}', ';', '-print');
  const deleted = await run(sandbox, 'full', 'find', ...old, '-delete', '-printf', String.raw`%s %p\n`);
  const left = await run(sandbox, 'full', 'find', '/var/log', '/etc/old.conf');
  const real = await run(sandbox, 'full', 'readlink', '-f', '/var/log/way/ssl/x');

  expect(counted.stdout.split('\n').sort()).toEqual(['', '/var/log/deep/older.log', '/var/log/old.log', '1000', '24']);
  expect(deleted.stdout.split('\n').sort()).toEqual(['', '1000 /var/log/old.log', '24 /var/log/deep/older.log']);
  expect(left.stdout.split('\n').sort()).toEqual([
    '',
    '/etc/old.conf',
    '/var/log',
    '/var/log/deep',
    '/var/log/mounted',
    '/var/log/mounted/old.log',
    '/var/log/way',
    '/var/log/young.log',
  ]);
  expect(real.stdout).toBe('/etc/ssl/x\n');
});

test('a JVM is found and dumps its heap once under a name', async () => {
  await start(sandbox, 'jvm', { containers: [{ name: 'c', image: 'eclipse-temurin:21' }] });

  const listed = await run(sandbox, 'jvm', 'jcmd', '-l');
  const dumped = await run(sandbox, 'jvm', 'jcmd', '1', 'GC.heap_dump', '/tmp/heap.hprof');
  const again = await run(sandbox, 'jvm', 'jcmd', '1', 'GC.heap_dump', '/tmp/heap.hprof');
  const begins = await run(sandbox, 'jvm', 'head', '-c', '18', '/tmp/heap.hprof');

  expect(listed.stdout).toMatch(/^1 \/app\/app\.jar$/m);
  expect(dumped.stdout).toMatch(/^Heap dump file created/m);
  expect(again.stdout).toMatch(/^File exists$/m);
  expect(begins.stdout).toBe('JAVA PROFILE 1.0.2');
});

test('a container that does not run, or has no programs, runs nothing', async () => {
  await start(sandbox, 'crashing', { containers: [{ name: 'c', image: 'i' }] }, { 'test/crash': 'true' });
  await start(sandbox, 'bare', { containers: [{ name: 'c', image: 'gcr.io/distroless/static' }] });

  const crashing = await run(sandbox, 'crashing', 'echo');
  const bare = await run(sandbox, 'bare', 'find', '/');

  expect(crashing.body.message).toMatch(/container not found \("c"\)/);
  expect(bare.body.message).toMatch(/executable file not found/);
});
