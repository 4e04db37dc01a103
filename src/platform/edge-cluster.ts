import { type ClusterOptions, createCluster } from '../kubernetes/client.ts';
import type { Cluster } from '../kubernetes/cluster.ts';
import type { Fetch } from '../kubernetes/transport.ts';
import type { EdgeClusterAccess } from './edge-cluster-access.ts';
import { edgeConnect } from './edge-connect.ts';

/** The cluster over the platform's own fetch, which keeps the connections; or over a binding's. */
export function connectEdgeCluster(
  { name, server, token, fetcher }: EdgeClusterAccess,
  {
    timeoutMs,
    retryAttempts,
    observe,
    onCircuit,
  }: Pick<ClusterOptions, 'timeoutMs' | 'retryAttempts' | 'observe' | 'onCircuit'>,
): Cluster {
  const headers: Record<string, string> = token ? { authorization: `Bearer ${token}` } : {};
  const send: Fetch = fetcher ? (url, init) => fetcher.fetch(url, init) : fetchTrusted;
  const connect = edgeConnect(fetcher ?? { fetch: (...request) => fetch(...request) });
  const authorize = () => headers;
  return createCluster({ name, server, fetch: send, connect, authorize, timeoutMs, retryAttempts, observe, onCircuit });
}

/** Cloudflare's own answer for a server whose certificate it does not trust; an API server has no such status. */
const untrustedCertificate = 526;

async function fetchTrusted(...[url, init]: Parameters<Fetch>): ReturnType<Fetch> {
  const response = await fetch(url, init);
  if (response.status !== untrustedCertificate) return response;
  await response.body?.cancel();
  throw new Error(
    'its certificate is of no public authority, and a worker trusts no other; give it one, or bind KUBERNETES to a VPC service that reaches it',
  );
}
