import type { Fault } from '../config/fault.ts';

/** Fetches: the platform's own way out, or a binding's. */
export interface Fetcher {
  fetch: typeof globalThis.fetch;
}

/** Where the cluster is, seen from an edge runtime. */
export interface EdgeClusterAccess {
  /** Locks are held under it: replicas on the same database must call the cluster the same. */
  name: string;
  server: string;
  token: string | undefined;
  /** A private way there; the public Internet where there is none. */
  fetcher: Fetcher | undefined;
}

const serverForm = 'the address of the API server, such as https://kubernetes.example.com:6443';

/** Reads the bindings that say where the cluster is; what is wrong with them is added to the faults. */
export function edgeClusterAccess(bindings: Record<string, unknown>, faults: Fault[]): EdgeClusterAccess | undefined {
  const {
    KUBERNETES_SERVER: server,
    KUBERNETES_CLUSTER: name,
    KUBERNETES_TOKEN: token,
    KUBERNETES: fetcher,
  } = bindings;
  const found: Fault[] = [];
  const url = typeof server === 'string' && URL.canParse(server) ? new URL(server) : undefined;
  if (!url || !['http:', 'https:'].includes(url.protocol)) {
    found.push({
      where: 'KUBERNETES_SERVER',
      problem: server ? 'is not an address' : 'is not set',
      allowed: serverForm,
    });
  }
  if (!isText(name)) {
    found.push({
      where: 'KUBERNETES_CLUSTER',
      problem: 'is not set',
      allowed: "the cluster's name as other replicas on the same database have it: the kubeconfig's, or in-cluster",
    });
  }
  if (token !== undefined && (typeof token !== 'string' || !/^[\x21-\x7e]+$/.test(token))) {
    found.push({
      where: 'KUBERNETES_TOKEN',
      problem: 'is not a token',
      allowed: 'one word, as kubectl create token prints it; leave it out where none is asked for',
    });
  }
  if (fetcher !== undefined && !isFetcher(fetcher)) {
    found.push({
      where: 'KUBERNETES',
      problem: 'does not fetch',
      allowed: 'a binding that does: a VPC service, an mTLS certificate, another worker',
    });
  }
  if (token && url?.protocol === 'http:' && fetcher === undefined) {
    found.push({
      where: 'KUBERNETES_SERVER',
      problem: 'is plain HTTP, and KUBERNETES_TOKEN would be readable on the way',
      allowed: 'https',
    });
  }
  faults.push(...found);
  if (found.length > 0 || !isText(server) || !isText(name)) return undefined;
  return { name, server, token: isText(token) ? token : undefined, fetcher: isFetcher(fetcher) ? fetcher : undefined };
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== '';
}

function isFetcher(value: unknown): value is Fetcher {
  return typeof value === 'object' && value !== null && 'fetch' in value && typeof value.fetch === 'function';
}
