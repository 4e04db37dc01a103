import { execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';

import { createCluster } from '../../src/kubernetes/client.ts';
import { findClusterAccess } from '../../src/platform/kubernetes-access.ts';
import { openKubernetesCredentials } from '../../src/platform/kubernetes-credentials.ts';

/** As in a pod, against the API server that KUBECONFIG points to. Skipped where there is none. */
const kubeconfig = process.env['KUBECONFIG'] ?? '';

describe.skipIf(kubeconfig === '')('the service account of a pod', () => {
  let folder: string;
  beforeAll(async () => (folder = await mkdtemp(join(tmpdir(), 'pod-'))));
  afterAll(async () => {
    vi.unstubAllEnvs();
    await rm(folder, { recursive: true });
  });

  test('is who asks, and its token is read again once it was rotated', async () => {
    const outside = await findClusterAccess({ kind: 'kubeconfig', paths: kubeconfig.split(delimiter) }, {});
    const mounted = join(folder, 'var/run/secrets/kubernetes.io/serviceaccount');
    await mkdir(mounted, { recursive: true });
    const { authority } = outside;
    await writeFile(
      join(mounted, 'ca.crt'),
      authority && 'file' in authority ? await readFile(authority.file) : (authority?.text ?? ''),
    );
    await writeFile(join(mounted, 'token'), 'outdated');
    const { hostname, port } = new URL(outside.server);
    vi.stubEnv('KUBERNETES_SERVICE_HOST', hostname);
    vi.stubEnv('KUBERNETES_SERVICE_PORT', port || '443');
    const access = await findClusterAccess({ kind: 'in_cluster' }, process.env, folder);
    let clock = 0;
    const { name, server, fetch, authorize, close } = await openKubernetesCredentials(access, {
      environment: {},
      now: () => clock,
    });
    const cluster = createCluster({ name, server, fetch, authorize, timeoutMs: 10_000, retryAttempts: 0 });
    const listSecrets = () => cluster.list({ apiVersion: 'v1', kind: 'Secret', namespace: 'default' });

    await expect(listSecrets()).rejects.toMatchObject({ reason: 'unauthorized' });
    await writeFile(join(mounted, 'token'), execFileSync('kubectl', ['create', 'token', 'default', '-n', 'default']));
    clock = 61_000;
    await expect(listSecrets()).rejects.toMatchObject({
      reason: 'forbidden',
      message: expect.stringContaining('User "system:serviceaccount:default:default" cannot list resource "secrets"'),
    });

    await close();
  });
});
