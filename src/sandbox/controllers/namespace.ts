import { kindOfStorage } from '../kinds/served.ts';
import { configMaps } from '../kinds/configuration.ts';
import { storageOf } from '../kinds/kind.ts';
import { namespaces } from '../kinds/namespace.ts';
import { serviceAccounts } from '../kinds/small.ts';
import type { Change, Store } from '../store/store.ts';
import { createObject } from '../write/create-object.ts';
import { deleteObject } from '../write/delete-object.ts';
import type { ControllerFactory } from './controller.ts';

const STORAGE = storageOf(namespaces);

/** Gives each namespace what every one has, and empties and removes those that were deleted. */
export const namespaceController: ControllerFactory = ({ store }) => {
  return { name: 'namespace-controller', keys, reconcile };

  function keys(change: Change): string[] {
    if (change.storage === STORAGE) return [change.object.metadata.name];
    return change.type === 'DELETED' && change.object.metadata.namespace ? [change.object.metadata.namespace] : [];
  }

  function reconcile(name: string): void {
    const found = store.get(STORAGE, undefined, name);
    if (!found) return;
    if (!found.metadata.deletionTimestamp) return furnish(store, name);
    const left = contents(store, name);
    for (const { storage, object } of left) {
      const kind = kindOfStorage(store, storage);
      if (kind && !object.metadata.deletionTimestamp)
        deleteObject(store, kind, { namespace: name, name: object.metadata.name }, { propagationPolicy: 'Background' });
    }
    if (contents(store, name).length === 0 && !found.metadata.finalizers?.length) store.remove(STORAGE, found);
  }
};

/** The default ServiceAccount, without which no pod is admitted, and the certificate that pods mount. */
export function furnish(store: Store, namespace: string): void {
  if (!store.get(storageOf(serviceAccounts), namespace, 'default')) {
    createObject(store, serviceAccounts, {
      apiVersion: 'v1',
      kind: 'ServiceAccount',
      metadata: { name: 'default', namespace },
    });
  }
  if (store.get(storageOf(configMaps), namespace, 'kube-root-ca.crt')) return;
  const annotations = {
    'kubernetes.io/description':
      'Contains a CA bundle that can be used to verify the kube-apiserver when using internal endpoints such as the internal service IP or kubernetes.default.svc. No other usage is guaranteed across distributions of Kubernetes clusters.',
  };
  createObject(store, configMaps, {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: 'kube-root-ca.crt', namespace, annotations },
    data: { 'ca.crt': '' },
  });
}

function contents(store: Store, namespace: string): { storage: string; object: ReturnType<Store['list']>[number] }[] {
  return store.storages().flatMap((storage) => store.list(storage, namespace).map((object) => ({ storage, object })));
}
