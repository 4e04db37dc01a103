import { readFile } from 'node:fs/promises';
import { type ClusterAccess, findClusterAccess } from '../../src/platform/kubernetes-access.ts';
import { type ConnectedCluster, connectCluster } from '../../src/platform/kubernetes-connection.ts';
import { startSandbox } from '../../src/sandbox/start.ts';
import { accessUnderTest, createNamespace, createNodes, ensureNodes, onRealCluster } from '../support/cluster.ts';
import { createServiceAccount } from '../support/service-account.ts';
import { type ModeGround, signedLongAgo } from './caller-modes.ts';

/** Where the table of callers is asked: namespaces, a node, and a cluster to which the service has its own access. */
export interface CallerWorld extends ModeGround {
  cluster: ConnectedCluster;
  access: ClusterAccess;
  node: string;
  close(): Promise<void>;
}

/** In the cluster under test; or in a sandbox whose clock can be set, so that a token expires at once. */
export async function openCallerWorld(): Promise<CallerWorld> {
  let aheadMs = 0;
  const sandbox = onRealCluster
    ? undefined
    : await startSandbox({ seed: false, log: () => {}, now: () => new Date(Date.now() + aheadMs) });
  const full = sandbox ? { name: 'sandbox', server: sandbox.url, skipTlsVerify: false } : await accessUnderTest();
  const cluster = await connectCluster({
    access: full,
    environment: process.env,
    timeoutMs: 10_000,
    retryAttempts: 3,
    userAgent: 'test',
  });
  const node = 'callers-node';
  await ensureNodes(cluster, ['node-1', 'node-2']);
  await createNodes(cluster, [node]);
  const own = await createNamespace(cluster, 'own');
  const foreign = await createNamespace(cluster, 'foreign');
  const silent = await createNamespace(cluster, 'silent');
  const accounts = await createNamespace(cluster, 'accounts');
  // On a real cluster the service may do what the generated role says, and nothing more.
  const clusterRole = await readFile('deploy/base/cluster-role.yaml', 'utf8');
  const account = sandbox ? undefined : await createServiceAccount(cluster, { namespace: accounts, clusterRole });
  const access = account
    ? await findClusterAccess({ kind: 'kubeconfig', paths: [account.kubeconfig] }, process.env)
    : full;
  const signingKey = process.env['CLUSTER_SIGNING_KEY'];
  const expired = async (good: () => Promise<string>) => {
    aheadMs = -3_600_000;
    return await good().finally(() => (aheadMs = 0));
  };
  return {
    cluster,
    access,
    node,
    own,
    foreign,
    silent,
    accounts,
    expiredToken: sandbox ? expired : signingKey ? signedLongAgo(signingKey) : undefined,
    async close() {
      await account?.close();
      for (const name of [own, foreign, silent, accounts])
        await cluster.delete({ apiVersion: 'v1', kind: 'Namespace', name });
      await cluster.delete({ apiVersion: 'v1', kind: 'Node', name: node });
      await cluster.close();
      await sandbox?.close();
    },
  };
}
