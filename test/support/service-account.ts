import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { parse } from 'yaml';
import type { Cluster } from '../../src/kubernetes/cluster.ts';
import type { KubernetesObject } from '../../src/kubernetes/object.ts';
import { accessUnderTest, eventually } from './cluster.ts';

const run = promisify(execFile);

/** A ServiceAccount of the test's own on the real cluster, as a pod would use it. */
export interface TestServiceAccount {
  name: string;
  namespace: string;
  /** The path of a kubeconfig with its token and nothing else. */
  kubeconfig: string;
  token: string;
  /** The certificates that the API server's is checked with, PEM. */
  authority: string;
  server: string;
  /** Takes the account, its role and the kubeconfig away. */
  close(): Promise<void>;
}

export interface ServiceAccountOptions {
  namespace: string;
  /** A ClusterRole's YAML to bind it to; without one it may do nothing. */
  clusterRole?: string;
}

/** Creates the account, binds it to (a copy of) the role alone, and gets a token for it. KUBECONFIG must allow that. */
export async function createServiceAccount(
  cluster: Cluster,
  { namespace, clusterRole }: ServiceAccountOptions,
): Promise<TestServiceAccount> {
  const name = `executor-${randomUUID().slice(0, 8)}`;
  await cluster.create({ apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name, namespace } });
  const bound = clusterRole === undefined ? [] : boundTo(parse(clusterRole) as KubernetesObject, { name, namespace });
  for (const object of bound) await cluster.create(object);

  const { stdout } = await run('kubectl', ['create', 'token', name, '--namespace', namespace, '--duration', '1h']);
  const token = stdout.trim();
  const { server, authority } = await accessUnderTest();
  const pem =
    authority === undefined ? '' : 'text' in authority ? authority.text : await readFile(authority.file, 'utf8');
  const folder = await mkdtemp(join(tmpdir(), 'service-account-'));
  const kubeconfig = join(folder, 'kubeconfig');
  await writeFile(kubeconfig, kubeconfigOf({ server, pem, token }), { mode: 0o600 });
  // The API server hears of a new binding a moment after it was stored.
  const right = clusterRole === undefined ? undefined : firstRight(clusterRole);
  if (right) await eventually(() => run('kubectl', ['--kubeconfig', kubeconfig, 'auth', 'can-i', ...right]));
  return {
    name,
    namespace,
    kubeconfig,
    token,
    authority: pem,
    server,
    async close() {
      for (const { apiVersion, kind, metadata } of bound)
        await cluster.delete({ apiVersion, kind, name: metadata.name });
      await cluster.delete({ apiVersion: 'v1', kind: 'ServiceAccount', namespace, name });
      await rm(folder, { recursive: true, force: true });
    },
  };
}

function boundTo(role: KubernetesObject, { name, namespace }: { name: string; namespace: string }): KubernetesObject[] {
  return [
    { ...role, metadata: { name } },
    {
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'ClusterRoleBinding',
      metadata: { name },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name },
      subjects: [{ kind: 'ServiceAccount', name, namespace }],
    },
  ];
}

/** The verb and the resource of the first rule, as `kubectl auth can-i` takes them. */
function firstRight(clusterRole: string): string[] | undefined {
  const { rules }: { rules: { apiGroups: string[]; resources: string[]; verbs: string[] }[] } = parse(clusterRole);
  const { apiGroups = [], resources = [], verbs = [] } = rules.find((rule) => !rule.resources[0]?.includes('/')) ?? {};
  const [group = '', resource, verb] = [apiGroups[0], resources[0], verbs[0]];
  return resource && verb ? [verb, group ? `${resource}.${group}` : resource] : undefined;
}

function kubeconfigOf({ server, pem, token }: { server: string; pem: string; token: string }): string {
  return JSON.stringify({
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [
      { name: 'test', cluster: { server, 'certificate-authority-data': Buffer.from(pem).toString('base64') } },
    ],
    users: [{ name: 'account', user: { token } }],
    contexts: [{ name: 'test', context: { cluster: 'test', user: 'account' } }],
    'current-context': 'test',
  });
}
