/** A secret or certificate: a file that may be rotated, or the text itself. */
export type Material = { file: string } | { text: string };

/** A program that prints credentials, as client-go runs it. */
export interface ExecPlugin {
  apiVersion: string;
  command: string;
  args: string[];
  env: Record<string, string>;
  provideClusterInfo: boolean;
  /** How to install the program, in the words of whoever wrote the kubeconfig. */
  installHint?: string | undefined;
}

/** Where a cluster is and how to authenticate there, before any file is read or any program run. */
export interface ClusterAccess {
  /** The kubeconfig's name for the cluster, or `in-cluster`. */
  name: string;
  server: string;
  proxyUrl?: string | undefined;
  tlsServerName?: string | undefined;
  skipTlsVerify: boolean;
  authority?: Material | undefined;
  certificate?: Material | undefined;
  key?: Material | undefined;
  token?: Material | undefined;
  basic?: { username: string; password: string } | undefined;
  impersonate?: string | undefined;
  exec?: ExecPlugin | undefined;
}

/** Where the configuration says that the cluster is: a kubeconfig (files merged in this order), or around this pod. */
export type ClusterLocation =
  | { kind: 'kubeconfig'; paths: string[]; context?: string | undefined }
  | { kind: 'in_cluster' };

/**
 * How to get at the cluster. Rejects with an Error that names the file and the field where a kubeconfig can't be used, or
 * the variable that a pod would have.
 *
 * @param environment the process's own, which the library reads by itself to find the cluster around a pod.
 * @param mountedBelow a folder before the path where Kubernetes mounts the pod's token and authority.
 */
export async function findClusterAccess(
  location: ClusterLocation,
  environment: Record<string, string | undefined>,
  mountedBelow = '',
): Promise<ClusterAccess> {
  // Imported when needed: whoever has the sandbox, or only wants the types above, does not load the library.
  if (location.kind === 'kubeconfig') {
    const { readKubeConfig } = await import('./kubernetes-config-file.ts');
    return readKubeConfig(location.paths, location.context);
  }
  for (const variable of ['KUBERNETES_SERVICE_HOST', 'KUBERNETES_SERVICE_PORT']) {
    if (!environment[variable]) throw new Error(`not in a cluster: ${variable} is not set; name a kubeconfig`);
  }
  const { readServiceAccount } = await import('./kubernetes-service-account.ts');
  return readServiceAccount(mountedBelow);
}
