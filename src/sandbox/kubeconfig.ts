import { stringify } from 'yaml';

/** A kubeconfig whose only cluster is the sandbox at that address. */
export function sandboxKubeconfig(url: string): string {
  return stringify({
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'sandbox', cluster: { server: url } }],
    users: [{ name: 'sandbox', user: {} }],
    contexts: [{ name: 'sandbox', context: { cluster: 'sandbox', user: 'sandbox', namespace: 'production' } }],
    'current-context': 'sandbox',
  });
}
