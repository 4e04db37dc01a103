import { storageOf } from '../kinds/kind.ts';
import { PROTECTION, persistentVolumeClaims } from '../kinds/persistent-volume-claim.ts';
import { as } from '../resource.ts';
import type { Pod } from '../shapes.ts';
import type { Change } from '../store/store.ts';
import { updateObject } from '../write/update-object.ts';
import { type ControllerFactory, keyOf, splitKey } from './controller.ts';
import { POD_STORAGE } from './pods.ts';

const STORAGE = storageOf(persistentVolumeClaims);

/** Lets a deleted claim go once no pod uses it. */
export const claimProtection: ControllerFactory = ({ store }) => {
  return { name: 'pvc-protection-controller', keys, reconcile };

  function keys(change: Change): string[] {
    if (change.storage === STORAGE) return change.object.metadata.deletionTimestamp ? [keyOf(change.object)] : [];
    if (change.storage !== POD_STORAGE || change.type !== 'DELETED') return [];
    return claimsOf(as<Pod>(change.object)).map((name) => `${change.object.metadata.namespace ?? ''}/${name}`);
  }

  function reconcile(key: string): void {
    const { namespace, name } = splitKey(key);
    const claim = store.get(STORAGE, namespace, name);
    if (!claim?.metadata.deletionTimestamp || !claim.metadata.finalizers?.includes(PROTECTION)) return;
    if (store.list(POD_STORAGE, namespace).some((pod) => claimsOf(as<Pod>(pod)).includes(name))) return;
    updateObject(
      store,
      { kind: persistentVolumeClaims, namespace, name },
      (draft) =>
        void (draft.metadata.finalizers = (draft.metadata.finalizers ?? []).filter((entry) => entry !== PROTECTION)),
    );
  }
};

function claimsOf(pod: Pod): string[] {
  return (pod.spec.volumes ?? []).flatMap((volume) => volume.persistentVolumeClaim?.claimName ?? []);
}
