import { spawnSync } from 'node:child_process';
import { createHash, randomUUID } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { assembleImage, type Image } from '../../scripts/image/assemble.ts';
import { type Container, type ContainerOptions, startContainer } from '../../scripts/image/start-container.ts';
import type { ConnectedCluster } from '../../src/platform/kubernetes-connection.ts';
import {
  connectTestClient,
  createDeployment,
  createNamespace,
  ensureNodes,
  eventually,
  onRealCluster,
} from '../support/cluster.ts';
import { createServiceAccount, type TestServiceAccount } from '../support/service-account.ts';
import { createDatabase } from '../support/service.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const commit = randomUUID().replaceAll('-', '');
const token = randomUUID();
const bearer = { authorization: `Bearer ${token}` };
/** Without a mode of auth the image refuses to start: others can reach the address that it listens on. */
const auth = {
  EXECUTOR_AUTH_TOKENS: JSON.stringify([
    { name: 'test', hash: `sha256:${createHash('sha256').update(token).digest('hex')}` },
  ]),
  EXECUTOR_AUTH_ROLES: JSON.stringify([{ role: 'admin', callers: ['static:test'] }]),
};
/** Mounts take root; a container engine's build would too. */
const canMount = process.getuid?.() === 0 && spawnSync('unshare', ['--mount', '--pid', '--fork', 'true']).status === 0;

describe.skipIf(!onRealCluster || !canMount)('the image, assembled as its Dockerfile says', () => {
  let folder: string;
  let image: Image;
  let cluster: ConnectedCluster;
  let namespace: string;
  let account: TestServiceAccount;
  let database: Awaited<ReturnType<typeof createDatabase>>;
  const started: Container[] = [];

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'image-'));
    image = assembleImage({
      dockerfile: join(root, 'deploy/Dockerfile'),
      context: root,
      folder,
      buildArguments: { COMMIT: commit, VERSION: '1.2.3' },
    });
    cluster = await connectTestClient();
    namespace = await createNamespace(cluster, 'image');
    const clusterRole = readFileSync(join(root, 'deploy/base/cluster-role.yaml'), 'utf8');
    account = await createServiceAccount(cluster, { namespace, clusterRole });
    database = await createDatabase();
  }, 600_000);

  afterAll(async () => {
    await Promise.all(started.map((container) => container.stop()));
    await account?.close();
    await cluster?.delete({ apiVersion: 'v1', kind: 'Namespace', name: namespace });
    await cluster?.close();
    await database?.drop();
    rmSync(folder, { recursive: true, force: true });
  });

  /** As the Deployment starts it, but for the ports, which are the machine's here. */
  async function startService(options: ContainerOptions = {}): Promise<{ container: Container; url: string }> {
    const { hostname, port } = new URL(account.server);
    const container = startContainer(image, {
      files: {
        '/var/run/secrets/kubernetes.io/serviceaccount/token': account.token,
        '/var/run/secrets/kubernetes.io/serviceaccount/ca.crt': account.authority,
        '/app/config/executor-service.yaml': readFileSync(join(root, 'config/executor-service.yaml'), 'utf8'),
      },
      environment: {
        DATABASE_URL: database.databaseUrl,
        KUBERNETES_SERVICE_HOST: hostname,
        KUBERNETES_SERVICE_PORT: port,
        EXECUTOR_SERVICE_PORT: '0',
        EXECUTOR_MONITORING_METRICS_PORT: '0',
        ...auth,
      },
      ...options,
    });
    started.push(container);
    const port0 = await eventually(async () => {
      const found = /"address":"http:\/\/0\.0\.0\.0:(\d+)"/.exec(container.output())?.[1];
      if (!found) throw new Error(`The container did not start: ${container.output()}`);
      return found;
    });
    return { container, url: `http://127.0.0.1:${port0}` };
  }

  test('answers /livez, /readyz and /health, with the version that it was built as', async () => {
    const { container, url } = await startService();

    const [live, ready, health] = await Promise.all(
      ['/livez', '/readyz', '/health'].map((path) => fetch(url + path, { headers: bearer })),
    );

    expect([live?.status, ready?.status, health?.status]).toEqual([200, 200, 200]);
    expect(await health?.json()).toMatchObject({
      commit,
      cluster: 'in-cluster',
      checks: { database: { status: 'up' } },
    });
    expect(await container.stop()).toBe(0);
  });

  test('carries an action out on the real cluster with the role of its ServiceAccount', async () => {
    await ensureNodes(cluster, ['node-1']);
    await createDeployment(cluster, { namespace, name: 'web-server', replicas: 1 });
    const { container, url } = await startService();

    const answer = await fetch(`${url}/api/v1/execute`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...bearer },
      body: JSON.stringify({
        action: 'scale_deployment',
        parameters: { replicas: 2 },
        target: { kind: 'Deployment', namespace, name: 'web-server' },
      }),
    });

    expect(await answer.json()).toMatchObject({ success: true, status: 'completed' });
    const { spec } = await cluster.get({ apiVersion: 'apps/v1', kind: 'Deployment', namespace, name: 'web-server' });
    expect(spec).toMatchObject({ replicas: 2 });
    expect(await container.stop()).toBe(0);
  });

  test('runs as its own user, as process 1, without a capability or a way to one', async () => {
    const { container } = await startService();

    const status = readFileSync(`/proc/${container.processId()}/status`, 'utf8');

    expect(status).toMatch(/^Uid:\t65532\t65532\t65532\t65532$/m);
    expect(status).toMatch(/^Gid:\t65532\t65532\t65532\t65532$/m);
    expect(status).toMatch(/^Groups:\s*$/m);
    expect(status).toMatch(/^CapEff:\t0+$/m);
    expect(status).toMatch(/^NoNewPrivs:\t1$/m);
    expect(status).toMatch(/^NSpid:\t\d+\t1$/m);
    expect(await container.stop()).toBe(0);
  });

  test('can write nowhere but in /tmp, and has no shell', async () => {
    const script = `
      const { existsSync, writeFileSync } = require('node:fs');
      const write = (path) => { try { writeFileSync(path, ''); return 'written'; } catch ({ code }) { return code; } };
      const paths = ['/file', '/app/file', '/app/server.mjs', '/usr/local/bin/node', '/tmp/file'];
      console.log(JSON.stringify([...paths.map(write), existsSync('/bin/sh'), existsSync('/app/node_modules')]));`;

    const container = startContainer(image, { arguments: ['-e', script] });

    expect(await container.ended).toBe(0);
    expect(JSON.parse(container.output())).toEqual(['EROFS', 'EROFS', 'EROFS', 'EROFS', 'written', false, false]);
  });

  test('says what it needs where it is given nothing, instead of a cluster or a database of its own', async () => {
    const kubeconfig = {
      files: { '/kubeconfig': readFileSync(account.kubeconfig, 'utf8') },
      environment: { KUBECONFIG: '/kubeconfig', ...auth },
    };
    const withoutDatabase = startContainer(image, kubeconfig);
    const withoutCluster = startContainer(image, { environment: { DATABASE_URL: database.databaseUrl, ...auth } });
    const withoutAuth = startContainer(image, { environment: { DATABASE_URL: database.databaseUrl } });

    expect(await withoutDatabase.ended).toBe(1);
    expect(withoutDatabase.output()).toContain('set DATABASE_URL');
    expect(await withoutCluster.ended).toBe(1);
    expect(withoutCluster.output()).toContain('set KUBECONFIG');
    expect(await withoutAuth.ended).toBe(1);
    expect(withoutAuth.output()).toContain('no mode of auth says who may call');
  });

  test('carries its labels', () => {
    expect(image.labels).toMatchObject({
      'org.opencontainers.image.title': 'executor-service',
      'org.opencontainers.image.version': '1.2.3',
      'org.opencontainers.image.revision': commit,
      'org.opencontainers.image.licenses': 'Apache-2.0',
    });
  });
});
