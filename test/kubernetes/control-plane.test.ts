import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import type { WatchEvent } from '../../src/kubernetes/cluster.ts';
import type { ObjectReference } from '../../src/kubernetes/object.ts';
import { referenceTo } from '../../src/kubernetes/object.ts';
import { findClusterAccess } from '../../src/platform/kubernetes-access.ts';
import type { ClusterAccess } from '../../src/platform/kubernetes-access.ts';
import { connectCluster } from '../../src/platform/kubernetes-connection.ts';
import type { ConnectedCluster } from '../../src/platform/kubernetes-connection.ts';
import { ensureNodes, eventually } from '../support/cluster.ts';

/** Against the API server that KUBECONFIG points to, whose user must be allowed everything. Skipped where there is none. */
const kubeconfig = process.env['KUBECONFIG'] ?? '';
const namespace = `client-${process.pid}-${Date.now().toString(36)}`;
const pod = (name: string): ObjectReference => ({ apiVersion: 'v1', kind: 'Pod', namespace, name });
const deployment: ObjectReference = { apiVersion: 'apps/v1', kind: 'Deployment', namespace, name: 'web' };

describe.skipIf(kubeconfig === '')('a real control plane', () => {
  let cluster: ConnectedCluster;
  let access: ClusterAccess;
  let folder: string;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'control-plane-'));
    access = await findClusterAccess({ kind: 'kubeconfig', paths: kubeconfig.split(delimiter) }, {});
    cluster = await connect(access);
    await cluster.create({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } });
    await cluster.create({
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name: 'web', namespace },
      spec: {
        replicas: 0,
        selector: { matchLabels: { app: 'web' } },
        template: { metadata: { labels: { app: 'web' } }, spec: { containers: [{ name: 'app', image: 'web:1' }] } },
      },
    });
  });

  afterAll(async () => {
    await cluster.delete({ apiVersion: 'v1', kind: 'Namespace', name: namespace });
    await cluster.close();
    await rm(folder, { recursive: true });
  });

  test('tells its version', async () => {
    expect(await cluster.version()).toMatchObject({ major: '1', gitVersion: expect.stringMatching(/^v1\./) });
    expect(cluster.name).toBe(access.name);
  });

  test('takes each type of patch, and the scale subresource', async () => {
    await cluster.patch(deployment, { type: 'merge', body: { metadata: { annotations: { merge: 'yes' } } } });
    await cluster.patch(deployment, {
      type: 'json',
      body: [{ op: 'add', path: '/metadata/annotations/json', value: 'yes' }],
    });
    await cluster.patch(deployment, {
      type: 'strategic',
      body: { spec: { template: { spec: { containers: [{ name: 'app', image: 'web:2' }] } } } },
    });
    await cluster.patch(deployment, {
      type: 'apply',
      body: { apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'web', annotations: { apply: 'yes' } } },
    });
    await cluster.patch(deployment, { type: 'merge', body: { spec: { replicas: 1 } }, subresource: 'scale' });
    await cluster.patch(
      deployment,
      { type: 'merge', body: { spec: { replicas: 9 } }, subresource: 'scale' },
      { dryRun: true },
    );

    const scale = await cluster.get(deployment, { subresource: 'scale' });
    const object = await cluster.get(deployment);

    expect(scale).toMatchObject({ kind: 'Scale', spec: { replicas: 1 } });
    expect(object.metadata.annotations).toMatchObject({ merge: 'yes', json: 'yes', apply: 'yes' });
    expect(object).toMatchObject({ spec: { template: { spec: { containers: [{ name: 'app', image: 'web:2' }] } } } });
    await cluster.patch(deployment, { type: 'merge', body: { spec: { replicas: 0 } }, subresource: 'scale' });
  });

  test.each([undefined, 'scale'])(
    'refuses a patch of %s for another UID or version as a conflict',
    async (subresource) => {
      for (const metadata of [{ uid: 'another' }, { resourceVersion: '1' }]) {
        const patching = cluster.patch(deployment, { type: 'merge', body: { metadata }, subresource });

        await expect(patching).rejects.toMatchObject({ reason: 'conflict' });
      }
    },
  );

  test('pages, limits and thins out a list', async () => {
    for (let number = 0; number < 7; number++) {
      await cluster.create({
        apiVersion: 'v1',
        kind: 'ConfigMap',
        metadata: { name: `map-${number}`, namespace, labels: { part: 'list' } },
        data: { a: 'b' },
      });
    }
    const query = { apiVersion: 'v1', kind: 'ConfigMap', namespace, labelSelector: 'part in (list)' };

    const all = await cluster.list(query);
    const some = await cluster.list(query, { limit: 3, metadataOnly: true });

    expect([all.items.length, all.more, some.items.length, some.more]).toEqual([7, false, 3, true]);
    expect(all.items[0]).toMatchObject({ apiVersion: 'v1', kind: 'ConfigMap', data: { a: 'b' } });
    expect(some.items[0]).toMatchObject({ apiVersion: 'v1', kind: 'ConfigMap' });
    expect(some.items[0]).not.toHaveProperty('data');
  });

  test('shows changes from a list on, and ends with the signal', async () => {
    const query = { apiVersion: 'v1', kind: 'ConfigMap', namespace, fieldSelector: 'metadata.name=watched' };
    const { resourceVersion } = await cluster.list(query);
    const stop = new AbortController();
    const events: WatchEvent[] = [];

    const watching = (async () => {
      for await (const event of cluster.watch(query, resourceVersion, { signal: stop.signal })) {
        events.push(event);
        if (event.type === 'DELETED') stop.abort();
      }
    })();
    const created = await cluster.create({
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'watched', namespace },
    });
    await cluster.patch(referenceTo(created), { type: 'merge', body: { data: { a: 'ünï😀' } } });
    await cluster.delete(referenceTo(created));
    await watching;

    expect(events.map(({ type }) => type)).toEqual(['ADDED', 'MODIFIED', 'DELETED']);
    expect(events[1]).toMatchObject({ object: { kind: 'ConfigMap', data: { a: 'ünï😀' } } });
  });

  test('keeps a budget, and deletes only the very object', async () => {
    const spec = { containers: [{ name: 'app', image: 'web:1' }] };
    const budget = { apiVersion: 'policy/v1', kind: 'PodDisruptionBudget', metadata: { name: 'guarded', namespace } };
    await cluster.create({ ...budget, spec: { minAvailable: 1, selector: { matchLabels: { app: 'guarded' } } } });
    const free = await cluster.create({ apiVersion: 'v1', kind: 'Pod', metadata: { name: 'free', namespace }, spec });
    await cluster.create({
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'guarded', namespace, labels: { app: 'guarded' } },
      spec,
    });
    // A pod that never ran may always be evicted; one that is running may not.
    const running = { conditions: [{ type: 'Ready', status: 'True' }], phase: 'Running' };
    await cluster.patch(pod('guarded'), { type: 'merge', body: { status: running }, subresource: 'status' });

    const refused = cluster.evict(pod('guarded'));
    const other = cluster.evict({ ...pod('free'), uid: 'another' });
    await expect(refused).rejects.toMatchObject({
      reason: 'tooManyRequests',
      causes: [{ reason: 'DisruptionBudget' }],
    });
    await expect(other).rejects.toMatchObject({ reason: 'conflict' });
    await expect(cluster.delete(pod('free'), { uid: 'another' })).rejects.toMatchObject({ reason: 'conflict' });
    await cluster.evict(referenceTo(free), { dryRun: true });
    await cluster.get(referenceTo(free));
    await cluster.evict(referenceTo(free), { gracePeriodSeconds: 0 });

    await expect(cluster.get(referenceTo(free))).rejects.toMatchObject({ reason: 'notFound', status: 404 });
  });

  test('serves a kind of its own from the moment that it is defined', async () => {
    const group = `${namespace}.example.com`;
    const widget = { apiVersion: `${group}/v1`, kind: 'Widget', namespace, name: 'a' };
    const definition = {
      apiVersion: 'apiextensions.k8s.io/v1',
      kind: 'CustomResourceDefinition',
      name: `widgets.${group}`,
    };
    await expect(cluster.get(widget)).rejects.toMatchObject({
      reason: 'notFound',
      message: expect.stringContaining(`serves no ${group}/v1`),
    });

    await cluster.create({
      apiVersion: definition.apiVersion,
      kind: definition.kind,
      metadata: { name: definition.name },
      spec: {
        group,
        scope: 'Namespaced',
        names: { kind: 'Widget', plural: 'widgets', singular: 'widget' },
        versions: [
          {
            name: 'v1',
            served: true,
            storage: true,
            schema: { openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } },
          },
        ],
      },
    });
    const create = () =>
      cluster
        .create({ apiVersion: widget.apiVersion, kind: 'Widget', metadata: { name: 'a', namespace }, colour: 'red' })
        .then(
          () => 'created',
          () => 'not yet',
        );

    await expect.poll(create, { timeout: 15_000, interval: 500 }).toBe('created');
    expect(await cluster.get(widget)).toMatchObject({ kind: 'Widget', colour: 'red' });
    await cluster.delete(definition);
  }, 20_000);

  test('runs a command in a container: its output, its exit code, and what is wrong before it begins', async () => {
    await ensureNodes(cluster, ['exec-node']);
    await cluster.create({
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'tool', namespace },
      spec: { containers: ['app', 'side'].map((name) => ({ name, image: 'registry.example/app:1' })) },
    });
    await eventually(async () =>
      expect(await cluster.get(pod('tool'))).toMatchObject({ status: { phase: 'Running' } }),
    );
    const container = 'app';

    const echoed = await cluster.exec(pod('tool'), ['echo', '', '$HOME; true', 'ü'], { container });
    const failed = await cluster.exec(pod('tool'), ['ls', '/nowhere'], { container });
    const missing = await cluster.exec(pod('tool'), ['no-such-tool'], { container });
    const long = await cluster.exec(pod('tool'), ['head', '-c', '3000000', '/dev/zero'], { container, limitBytes: 9 });
    const other = cluster.exec(pod('tool'), ['true'], { container: 'none' });
    const late = cluster.exec(pod('tool'), ['sleep', '3'], { container, timeoutMs: 200 });

    expect(echoed).toMatchObject({ exitCode: 0, stdout: { text: ' $HOME; true ü\n', truncated: false } });
    expect(failed).toMatchObject({ exitCode: 2, stderr: { text: expect.stringContaining('/nowhere') } });
    expect(missing).toMatchObject({ exitCode: 127, stderr: { text: expect.stringContaining('no-such-tool') } });
    expect(long.stdout).toMatchObject({ bytes: 3_000_000, truncated: true });
    await expect(other).rejects.toMatchObject({
      reason: 'invalid',
      message: expect.stringContaining('container none'),
    });
    await expect(late).rejects.toMatchObject({ reason: 'interrupted' });
  });

  describe('with a ServiceAccount', () => {
    let token: string;

    beforeAll(async () => {
      await cluster.create({ apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'viewer', namespace } });
      await cluster.create({
        apiVersion: 'rbac.authorization.k8s.io/v1',
        kind: 'RoleBinding',
        metadata: { name: 'viewer', namespace },
        roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'view' },
        subjects: [{ kind: 'ServiceAccount', name: 'viewer', namespace }],
      });
      const request = {
        apiVersion: 'authentication.k8s.io/v1',
        kind: 'TokenRequest',
        metadata: { name: 'viewer', namespace },
        spec: { expirationSeconds: 3600 },
      };
      const answered = await cluster.create(request, { subresource: 'token' });
      token = String(new Map(Object.entries(Object(answered['status']))).get('token'));
    });

    test.each([
      ['its token in the kubeconfig', async () => ({ token })],
      ['its token in a file', async () => ({ tokenFile: await write('token', token) })],
      [
        'a plug-in that gives its token',
        async () => ({ exec: { apiVersion: 'client.authentication.k8s.io/v1', command: await writePlugin(token) } }),
      ],
    ])('by %s it may do what its role allows, and nothing else', async (_, user) => {
      const viewer = await connect(await accessOf(await user()));

      const { items } = await viewer.list({ apiVersion: 'apps/v1', kind: 'Deployment', namespace });
      const forbidden: unknown = await viewer
        .patch(deployment, { type: 'merge', body: { spec: { replicas: 1 } } })
        .catch((error: unknown) => error);
      await viewer.close();

      expect(items.map(({ metadata }) => metadata.name)).toEqual(['web']);
      expect(forbidden).toMatchObject({
        reason: 'forbidden',
        message: expect.stringContaining(
          `User "system:serviceaccount:${namespace}:viewer" cannot patch resource "deployments"`,
        ),
      });
    });

    test('by its token it may run no command, which needs a permission of its own', async () => {
      const viewer = await connect(await accessOf({ token }));

      const ended = viewer.exec(pod('tool'), ['true']);

      await expect(ended).rejects.toMatchObject({
        reason: 'forbidden',
        message: expect.stringContaining('cannot get resource "pods/exec"'),
      });
      await viewer.close();
    });

    test('by a token that is none it is unauthorized', async () => {
      const stranger = await connect(await accessOf({ token: 'nonsense' }));

      await expect(stranger.list({ apiVersion: 'v1', kind: 'Pod', namespace })).rejects.toMatchObject({
        reason: 'unauthorized',
        status: 401,
      });
      await stranger.close();
    });
  });

  /** The same cluster by a kubeconfig of another user, merged from two files. */
  async function accessOf(user: Record<string, unknown>): Promise<ClusterAccess> {
    const { server, authority, name } = access;
    const ca =
      authority &&
      ('file' in authority
        ? { 'certificate-authority': authority.file }
        : { 'certificate-authority-data': Buffer.from(authority.text).toString('base64') });
    const paths = [
      await write(
        'user',
        JSON.stringify({
          users: [{ name: 'other', user }],
          'current-context': 'other',
          contexts: [{ name: 'other', context: { cluster: name, user: 'other' } }],
        }),
      ),
      await write('cluster', JSON.stringify({ clusters: [{ name, cluster: { server, ...ca } }] })),
    ];
    return findClusterAccess({ kind: 'kubeconfig', paths }, {});
  }

  async function write(name: string, content: string): Promise<string> {
    const path = join(folder, name);
    await writeFile(path, content);
    return path;
  }

  async function writePlugin(secret: string): Promise<string> {
    const credential = {
      apiVersion: 'client.authentication.k8s.io/v1',
      kind: 'ExecCredential',
      status: { token: secret },
    };
    const path = await write('plugin.sh', `#!/bin/sh\ncat <<'END'\n${JSON.stringify(credential)}\nEND\n`);
    await chmod(path, 0o700);
    return path;
  }
});

function connect(access: ClusterAccess): Promise<ConnectedCluster> {
  return connectCluster({ access, environment: { PATH: process.env['PATH'] }, timeoutMs: 10_000, retryAttempts: 3 });
}
