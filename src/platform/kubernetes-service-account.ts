import { KubeConfig } from '@kubernetes/client-node/dist/config.js';
import * as z from 'zod';

import type { ClusterAccess } from './kubernetes-access.ts';

/**
 * The cluster around this pod, as KubeConfig finds it: the server by the process's environment, the token and the
 * authority where Kubernetes mounts them (below `mountedBelow`). Both are rotated, so they are files here and not texts.
 */
export function readServiceAccount(mountedBelow: string): ClusterAccess {
  const config = new KubeConfig();
  config.loadFromCluster(mountedBelow);
  const { server, caFile, skipTLSVerify } = foundBy(config.getCurrentCluster());
  // KubeConfig takes the ports 80, 8080 and 8001 for plain HTTP; client-go never does.
  if (URL.parse(server)?.protocol !== 'https:') {
    throw new Error(
      `in-cluster: ${server} is no https address, and the service account's token goes to no other; name a kubeconfig`,
    );
  }
  const { tokenFile } = tokenProvider.parse(foundBy(config.getCurrentUser()).authProvider).config;
  return {
    name: 'in-cluster',
    server,
    skipTlsVerify: skipTLSVerify,
    authority: caFile ? { file: caFile } : undefined,
    token: { file: tokenFile },
  };
}

/** How KubeConfig writes down a token that is read again from its file. */
const tokenProvider = z.object({ name: z.literal('tokenFile'), config: z.object({ tokenFile: z.string() }) });

function foundBy<T>(found: T | null): T {
  if (found === null) throw new Error('in-cluster: KubeConfig found no cluster or no user; name a kubeconfig');
  return found;
}
