import { furnish } from '../controllers/namespace.ts';
import { namespaces } from '../kinds/namespace.ts';
import type { Store } from '../store/store.ts';
import { createObject } from '../write/create-object.ts';

/** The namespaces that every cluster has. */
export function plantNamespaces(
  store: Store,
  names = ['default', 'kube-system', 'kube-public', 'kube-node-lease'],
): void {
  for (const name of names) {
    createObject(store, namespaces, { apiVersion: 'v1', kind: 'Namespace', metadata: { name } });
    furnish(store, name);
  }
}
