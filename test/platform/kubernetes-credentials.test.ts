import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer as createHttpServer } from 'node:http';
import { createServer } from 'node:https';
import type { Server } from 'node:https';
import { connect } from 'node:net';
import type { Server as NetServer, Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { TLSSocket } from 'node:tls';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';

import { createCluster } from '../../src/kubernetes/client.ts';
import type { ClusterAccess, ExecPlugin } from '../../src/platform/kubernetes-access.ts';
import { openKubernetesCredentials } from '../../src/platform/kubernetes-credentials.ts';
import type { KubernetesCredentials } from '../../src/platform/kubernetes-credentials.ts';
import { createAuthority } from './certificates.ts';
import type { Certificate } from './certificates.ts';

/** Answers `/version` with who the caller is: the certificate's name and the authorization header. */
let server: Server;
let folder: string;
let authority: string;
let ann: Certificate;
let bob: Certificate;
let connections = 0;
let answer: (authorization: string | undefined) => number = () => 200;
const opened: KubernetesCredentials[] = [];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'credentials-'));
  const issuer = createAuthority(folder);
  authority = issuer.certificate;
  [ann, bob] = [issuer.issue('ann'), issuer.issue('bob')];
  const kube = issuer.issue('kube');
  server = createServer(
    { cert: kube.certificate, key: kube.key, ca: authority, requestCert: true, rejectUnauthorized: false },
    (request, response) => {
      const { authorization } = request.headers;
      const name = certificateName(request.socket);
      response.writeHead(answer(authorization), { 'content-type': 'application/json' });
      response.end(
        JSON.stringify({ gitVersion: name, major: authorization, minor: request.headers['impersonate-user'] }),
      );
    },
  );
  server.on('secureConnection', () => connections++);
  await listen(server);
});

afterEach(async () => {
  await Promise.all(opened.splice(0).map((credentials) => credentials.close()));
  answer = () => 200;
});

afterAll(async () => {
  server.closeAllConnections();
  server.close();
  await rm(folder, { recursive: true });
});

describe('a token', () => {
  test('in a file is read again after a minute, and after a 401', async () => {
    const file = join(folder, 'token');
    await writeFile(file, 'first\n');
    let clock = 0;
    const cluster = await open({ token: { file } }, () => clock);

    const first = await cluster.version();
    await writeFile(file, 'second\n');
    clock = 59_000;
    const early = await cluster.version();
    clock = 61_000;
    const later = await cluster.version();
    await writeFile(file, 'third\n');
    clock = 63_000;
    answer = (authorization) => (authorization === 'Bearer third' ? 200 : 401);
    const refused = await cluster.version();

    expect([first, early, later, refused].map(({ major }) => major)).toEqual([
      'Bearer first',
      'Bearer first',
      'Bearer second',
      'Bearer third',
    ]);
  });

  test('in a file that goes missing for a moment stays in use', async () => {
    const file = join(folder, 'rotated');
    await writeFile(file, 'first');
    let clock = 0;
    const cluster = await open({ token: { file } }, () => clock);

    await rm(file);
    clock = 61_000;
    const without = await cluster.version();
    await writeFile(file, 'second');
    clock = 67_000;
    const again = await cluster.version();

    expect([without.major, again.major]).toEqual(['Bearer first', 'Bearer second']);
  });

  test('is the first to count; then comes the password', async () => {
    const basic = { username: 'ann', password: 'päss' };

    const byToken = await (await open({ token: { text: 't' }, basic, impersonate: 'eve' })).version();
    const byPassword = await (await open({ basic })).version();

    expect(byToken).toMatchObject({ major: 'Bearer t', minor: 'eve' });
    expect(byPassword.major).toBe(`Basic ${Buffer.from('ann:päss').toString('base64')}`);
  });
});

describe('a certificate', () => {
  test('that changes on disk is used from the next minute on, and what is under way ends well', async () => {
    const [certificate, key] = [join(folder, 'client.crt'), join(folder, 'client.key')];
    await Promise.all([writeFile(certificate, ann.certificate), writeFile(key, ann.key)]);
    let clock = 0;
    const cluster = await open({ certificate: { file: certificate }, key: { file: key } }, () => clock);

    const before = await cluster.version();
    await Promise.all([writeFile(certificate, bob.certificate), writeFile(key, bob.key)]);
    clock = 61_000;
    const during = await Promise.all(Array.from({ length: 10 }, () => cluster.version()));

    expect(before.gitVersion).toBe('ann');
    expect(during.map(({ gitVersion }) => gitVersion)).toEqual(Array.from({ length: 10 }, () => 'bob'));
  });

  test('of the server that nobody vouches for ends the call before anything is sent', async () => {
    const cluster = await open({ authority: undefined });

    await expect(cluster.version()).rejects.toMatchObject({ reason: 'unreachable' });
  });

  test('of the server is not checked where the kubeconfig says so', async () => {
    const cluster = await open({ authority: undefined, tlsServerName: undefined, skipTlsVerify: true });

    await expect(cluster.version()).resolves.toMatchObject({ gitVersion: 'nobody' });
  });

  test('of another server is refused', async () => {
    const cluster = await open({ tlsServerName: 'other' });

    await expect(cluster.version()).rejects.toMatchObject({
      reason: 'unreachable',
      message: expect.stringContaining('altnames'),
    });
  });
});

describe('a plug-in', () => {
  test('is run once for many calls, told what it needs, and again before its token expires', async () => {
    let clock = Date.parse('2026-01-01T00:00:00Z');
    const plugin = await writePlugin(
      'token',
      `
      status.token = 'run-' + runs;
      status.expirationTimestamp = new Date(${clock} + runs * 600_000).toISOString();
      require('fs').writeFileSync('info.json', process.env.KUBERNETES_EXEC_INFO + process.env.EXTRA);`,
    );
    const cluster = await open({ exec: { ...plugin, env: { EXTRA: '!' }, provideClusterInfo: true } }, () => clock);

    const many = await Promise.all(Array.from({ length: 5 }, () => cluster.version()));
    clock += 569_000;
    const early = await cluster.version();
    clock += 2_000;
    const later = await Promise.all(Array.from({ length: 5 }, () => cluster.version()));

    expect([...many, early].map(({ major }) => major)).toEqual(Array.from({ length: 6 }, () => 'Bearer run-1'));
    expect(later.map(({ major }) => major)).toEqual(Array.from({ length: 5 }, () => 'Bearer run-2'));
    const info = await readFile(join(folder, 'info.json'), 'utf8');
    expect(JSON.parse(info.slice(0, -1))).toMatchObject({
      kind: 'ExecCredential',
      spec: {
        interactive: false,
        cluster: { 'certificate-authority-data': Buffer.from(authority).toString('base64') },
      },
    });
    expect(info).toMatch(/!$/);
  });

  test('is run again after a 401', async () => {
    let clock = 0;
    const cluster = await open({ exec: await writePlugin('revoked', `status.token = 'run-' + runs;`) }, () => clock);

    answer = (authorization) => (authorization === 'Bearer run-2' ? 200 : 401);
    clock = 2_000;

    expect((await cluster.version()).major).toBe('Bearer run-2');
  });

  test('may give a certificate, and another one when that expires', async () => {
    let clock = Date.parse('2026-01-01T00:00:00Z');
    const plugin = await writePlugin(
      'certificate',
      `
      const pair = ${JSON.stringify([ann, bob])}[runs - 1];
      status.clientCertificateData = pair.certificate;
      status.clientKeyData = pair.key;
      status.expirationTimestamp = new Date(${clock} + runs * 600_000).toISOString();`,
    );
    const cluster = await open({ exec: plugin }, () => clock);

    const before = await cluster.version();
    clock += 600_000;
    const after = await cluster.version();

    expect([before.gitVersion, after.gitVersion]).toEqual(['ann', 'bob']);
  });

  test.each([
    [
      'fails',
      `console.log('{"token":"secret"}'); console.error('log in first'); process.exit(3);`,
      /failed \(3\): log in first$/,
    ],
    ['prints no JSON', `process.stdout.write('secret'); process.exit(0);`, /printed no JSON$/],
    ['prints no credentials', ``, /printed no ExecCredential: status: neither a token nor a certificate with its key$/],
  ])('that %s is named, without what it printed', async (name, body, message) => {
    const opening = open({ exec: await writePlugin(name.replaceAll(' ', '-'), body) });

    await expect(opening).rejects.toThrow(message);
    await expect(opening).rejects.not.toThrow('secret');
  });

  test('that is not installed says how to install it', async () => {
    const exec: ExecPlugin = {
      apiVersion: 'client.authentication.k8s.io/v1',
      command: 'no-such-login',
      args: [],
      env: {},
      provideClusterInfo: false,
      installHint: 'apt install no-such-login',
    };

    await expect(open({ exec })).rejects.toThrow('no-such-login is not installed: apt install no-such-login');
  });
});

describe('the pool', () => {
  test('is shared by all calls', async () => {
    const cluster = await open({});
    connections = 0;

    for (let call = 0; call < 10; call++) await cluster.version();

    // A second one is opened while the first is still being put back.
    expect(connections).toBeLessThan(4);
  });

  test('goes through the proxy of the kubeconfig', async () => {
    let tunnels = 0;
    const proxy = createHttpServer();
    proxy.on('connect', (request, socket) => {
      tunnels++;
      const [host = '', port] = (request.url ?? '').split(':');
      const target = connect(Number(port), host, () => {
        socket.write('HTTP/1.1 200 OK\r\n\r\n');
        socket.pipe(target).pipe(socket);
      });
      target.on('error', () => socket.destroy());
      socket.on('error', () => target.destroy());
    });
    await listen(proxy);
    const cluster = await open({
      proxyUrl: `http://127.0.0.1:${portOf(proxy)}`,
      certificate: { text: ann.certificate },
      key: { text: ann.key },
    });

    const { gitVersion } = await cluster.version();

    expect([gitVersion, tunnels]).toEqual(['ann', 1]);
    await Promise.all(opened.splice(0).map((credentials) => credentials.close()));
    proxy.close();
  });
});

async function open(access: Partial<ClusterAccess>, now?: () => number) {
  const whole: ClusterAccess = {
    name: 'test',
    server: `https://127.0.0.1:${portOf(server)}`,
    tlsServerName: 'kube',
    skipTlsVerify: false,
    authority: { text: authority },
    ...access,
  };
  const credentials = await openKubernetesCredentials(whole, {
    environment: { PATH: process.env['PATH'] },
    ...(now ? { now } : {}),
  });
  opened.push(credentials);
  const { name, server: address, fetch, authorize } = credentials;
  return createCluster({ name, server: address, fetch, authorize, timeoutMs: 5_000, retryAttempts: 0 });
}

/** A program that counts its runs and prints an ExecCredential whose `status` the body fills in. */
async function writePlugin(name: string, body: string): Promise<ExecPlugin> {
  const path = join(folder, `${name}.cjs`);
  const source = `
    const fs = require('fs');
    process.chdir(${JSON.stringify(folder)});
    fs.appendFileSync('${name}.runs', 'x');
    const runs = fs.readFileSync('${name}.runs', 'utf8').length;
    const status = {};
    ${body}
    console.log(JSON.stringify({ apiVersion: 'client.authentication.k8s.io/v1', kind: 'ExecCredential', status }));`;
  await writeFile(path, source);
  return {
    apiVersion: 'client.authentication.k8s.io/v1',
    command: process.execPath,
    args: [path],
    env: {},
    provideClusterInfo: false,
  };
}

function certificateName(socket: Socket): string {
  return socket instanceof TLSSocket ? String(socket.getPeerCertificate().subject?.CN ?? 'nobody') : 'nobody';
}

function listen(listener: NetServer): Promise<void> {
  return new Promise((resolve) => listener.listen(0, '127.0.0.1', resolve));
}

function portOf(listener: NetServer): number {
  const address = listener.address();
  if (typeof address !== 'object' || address === null) throw new Error('it listens on no port');
  return address.port;
}
