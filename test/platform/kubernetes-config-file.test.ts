import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';

import { findClusterAccess } from '../../src/platform/kubernetes-access.ts';

let folder: string;
beforeAll(async () => (folder = await mkdtemp(join(tmpdir(), 'kubeconfig-'))));
afterAll(() => rm(folder, { recursive: true }));

const two = {
  'current-context': 'a',
  contexts: [
    { name: 'a', context: { cluster: 'east', user: 'ann' } },
    { name: 'b', context: { cluster: 'west', user: 'bob' } },
  ],
  clusters: [
    {
      name: 'east',
      cluster: {
        server: 'https://east:6443/',
        'certificate-authority': 'ca.crt',
        'tls-server-name': 'kube',
        'proxy-url': 'http://proxy:3128',
      },
    },
    {
      name: 'west',
      cluster: { server: 'https://west', 'insecure-skip-tls-verify': true, 'certificate-authority-data': 'Q0E=' },
    },
  ],
  users: [
    { name: 'ann', user: { tokenFile: 'secrets/token', token: 'ignored', as: 'eve' } },
    {
      name: 'bob',
      user: { 'client-certificate-data': 'Q0VSVA==', 'client-key': '/keys/bob.key', username: 'bob', password: 'p' },
    },
  ],
};

describe('a kubeconfig', () => {
  test('says where its current context leads; paths start at the file', async () => {
    const path = await write('one', two);

    expect(await read([path])).toMatchObject({
      name: 'east',
      server: 'https://east:6443',
      proxyUrl: 'http://proxy:3128',
      tlsServerName: 'kube',
      skipTlsVerify: false,
      authority: { file: join(folder, 'ca.crt') },
      token: { file: join(folder, 'secrets/token') },
      impersonate: 'eve',
    });
  });

  test('leads elsewhere by another context', async () => {
    const path = await write('one', two);

    expect(await read([path], 'b')).toMatchObject({
      name: 'west',
      skipTlsVerify: true,
      authority: { text: 'CA' },
      certificate: { text: 'CERT' },
      key: { file: '/keys/bob.key' },
      basic: { username: 'bob', password: 'p' },
    });
  });

  test('is merged with others: the first that names a thing wins, and missing files are passed over', async () => {
    const first = await write('first', { contexts: [{ name: 'b', context: { cluster: 'east', user: 'bob' } }] });
    const second = await write('second', two);

    expect(await read([join(folder, 'missing'), first, second], 'b')).toMatchObject({
      name: 'east',
      basic: { username: 'bob' },
    });
    expect(await read([first, second])).toMatchObject({ name: 'east', impersonate: 'eve' });
  });

  test('names its plug-in: a path from the file, a bare name from PATH', async () => {
    const exec = {
      command: './bin/login',
      args: ['--now'],
      env: [{ name: 'A', value: 'b' }],
      provideClusterInfo: true,
    };
    const path = await write('exec', withUser({ exec }));

    expect((await read([path])).exec).toMatchObject({
      apiVersion: 'client.authentication.k8s.io/v1',
      command: join(folder, 'bin/login'),
      args: ['--now'],
      env: { A: 'b' },
      provideClusterInfo: true,
    });
  });

  test.each([
    ['no file', [], /: no such file$/],
    ['no such context', [{ ...two, 'current-context': 'c' }], /no context "c"; it has a, b$/],
    ['no current context', [{ ...two, 'current-context': '' }], /no current-context; set one, or name a context$/],
    ['no such cluster', [{ ...two, clusters: [] }], /no cluster "east", which context "a" names$/],
    ['no such user', [{ ...two, users: [] }], /no user "ann", whom context "a" names$/],
    [
      'no address',
      [{ ...two, clusters: [{ name: 'east', cluster: { server: 'east' } }] }],
      /clusters\.0\.cluster\.server: /,
    ],
    [
      'a plug-in that wants a terminal',
      [withUser({ exec: { command: 'login', interactiveMode: 'Always' } })],
      /login needs a terminal, and there is none$/,
    ],
    [
      'an auth-provider',
      [withUser({ 'auth-provider': { name: 'gcp' } })],
      /auth-provider was removed from Kubernetes; use an exec plugin$/,
    ],
  ])('with %s is refused in a sentence', async (name, contents, message) => {
    const paths = await Promise.all(
      contents.map((content, index) => write(`${name}-${index}`.replaceAll(' ', '-'), content)),
    );

    await expect(read(paths.length > 0 ? paths : [join(folder, 'missing')])).rejects.toThrow(message);
  });

  test('is refused for what its own user has, not for what others have', async () => {
    const legacy = { name: 'cid', user: { 'auth-provider': { name: 'gcp' }, 'as-groups': ['admins'] } };
    const path = await write('others', {
      ...two,
      users: [legacy, ...two.users],
      contexts: [...two.contexts, { name: 'c', context: { cluster: 'east', user: 'cid' } }],
    });

    await expect(read([path])).resolves.toMatchObject({ impersonate: 'eve' });
    await expect(read([path], 'c')).rejects.toThrow(
      `kubeconfig ${path}: users.0.user: auth-provider was removed from Kubernetes; use an exec plugin; as-groups is not supported; give the user its own credentials`,
    );
  });

  test.each([
    ['a number for an address', { clusters: [{ name: 'a', cluster: { server: 5 } }] }, 'clusters.0.cluster.server: '],
    ['a map for a list', { users: { ann: {} } }, 'users: '],
    ['a user that is nothing', { users: [null] }, 'users.0: '],
    ['the same name twice', { users: [two.users[1], two.users[1]] }, 'Duplicate user: bob'],
    [
      "a token's file by another name",
      { users: [{ name: 'a', user: { 'token-file': '/dev/null' } }] },
      'users.0.user.token-file: kubeconfigs call it tokenFile',
    ],
    ['a number for a token', { users: [{ name: 'a', user: { token: 31415926 } }] }, 'users.0.user.token: '],
  ])('with %s is refused by file and field, without the value', async (name, content, message) => {
    const path = await write(name.replaceAll(/\W/g, '-'), content);

    const reading = read([path]);

    await expect(reading).rejects.toThrow(`kubeconfig ${path}: ${message}`);
    await expect(reading).rejects.not.toThrow('31415926');
  });

  test.each(['', '# nothing\n', '---\n'])('with nothing in it (%j) says nothing', async (content) => {
    const empty = join(folder, 'empty');
    await writeFile(empty, content);
    const path = await write('beside', two);

    await expect(read([empty, path])).resolves.toMatchObject({ name: 'east' });
    await expect(read([empty])).rejects.toThrow(`kubeconfig ${empty}: no current-context; set one, or name a context`);
  });

  test('that is broken never has its contents in the message', async () => {
    const path = join(folder, 'broken');
    await writeFile(path, 'users: [{ name: a, user: { token: "very-secret }');

    const error: unknown = await read([path]).catch((reason: unknown) => reason);

    expect(String(error)).toBe(`Error: kubeconfig ${path} is not valid YAML`);
    expect(JSON.stringify(error instanceof Error ? [error.stack, error.cause] : '')).not.toContain('very-secret');
  });
});

describe('a pod', () => {
  afterEach(() => vi.unstubAllEnvs());

  test('finds the API server by its environment, with an IPv6 address too', async () => {
    const access = await inCluster('fd00::1', '6443');

    const mounted = join(folder, 'var/run/secrets/kubernetes.io/serviceaccount');
    expect(access).toEqual({
      name: 'in-cluster',
      server: 'https://[fd00::1]:6443',
      skipTlsVerify: false,
      authority: { file: join(mounted, 'ca.crt') },
      token: { file: join(mounted, 'token') },
    });
  });

  test('never sends its token unencrypted, whatever the port', async () => {
    await expect(inCluster('10.0.0.1', '8080')).rejects.toThrow('http://10.0.0.1:8080 is no https address');
  });

  test('that has half of the environment is told the other half', async () => {
    await expect(inCluster('10.0.0.1', '')).rejects.toThrow('KUBERNETES_SERVICE_PORT is not set');
  });

  test('that is none is told so', async () => {
    await expect(findClusterAccess({ kind: 'in_cluster' }, {})).rejects.toThrow('KUBERNETES_SERVICE_HOST is not set');
  });
});

function read(paths: string[], context?: string) {
  return findClusterAccess({ kind: 'kubeconfig', paths, context }, {});
}

function inCluster(host: string, port: string) {
  vi.stubEnv('KUBERNETES_SERVICE_HOST', host);
  vi.stubEnv('KUBERNETES_SERVICE_PORT', port);
  return findClusterAccess({ kind: 'in_cluster' }, process.env, folder);
}

function withUser(user: Record<string, unknown>) {
  return { ...two, users: [{ name: 'ann', user }] };
}

async function write(name: string, content: unknown): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, JSON.stringify(content));
  return path;
}
