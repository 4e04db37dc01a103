import { storageClasses } from '../kinds/storage-class.ts';
import type { Store } from '../store/store.ts';
import { createObject } from '../write/create-object.ts';

/** Who makes volumes in the sandbox: any class of this provisioner has them made. */
export const PROVISIONER = 'sandbox.local/volumes';

/** The classes of every sandbox: volumes of `standard` can grow, those of `fixed` can't. */
export function plantStorageClasses(store: Store): void {
  for (const name of ['standard', 'fixed']) {
    createObject(store, storageClasses, {
      apiVersion: 'storage.k8s.io/v1',
      kind: 'StorageClass',
      metadata: { name },
      provisioner: PROVISIONER,
      ...(name === 'standard' ? { allowVolumeExpansion: true } : {}),
    });
  }
}
