import { createCluster } from '../kubernetes/client.ts';
import type { ClusterOptions } from '../kubernetes/client.ts';
import type { Cluster } from '../kubernetes/cluster.ts';
import type { ClusterAccess } from './kubernetes-access.ts';
import { openKubernetesCredentials } from './kubernetes-credentials.ts';

/** A cluster with a pool of connections of its own, which someone has to close. */
export interface ConnectedCluster extends Cluster {
  close(): Promise<void>;
}

/**
 * Connects to the cluster that `findClusterAccess` found. Rejects where its credentials can't be read; whether the
 * server is there shows with the first request.
 */
export async function connectCluster(
  options: {
    access: ClusterAccess;
    /** What credential plug-ins run with. */
    environment: Record<string, string | undefined>;
  } & Omit<ClusterOptions, 'name' | 'server' | 'fetch' | 'connect' | 'authorize'>,
): Promise<ConnectedCluster> {
  const { access, environment, ...rest } = options;
  const { name, server, fetch, connect, authorize, close } = await openKubernetesCredentials(access, { environment });
  return { ...createCluster({ ...rest, name, server, fetch, connect, authorize }), close };
}
