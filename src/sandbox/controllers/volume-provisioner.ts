import { storageOf } from '../kinds/kind.ts';
import { persistentVolumes } from '../kinds/persistent-volume.ts';
import { persistentVolumeClaims, requestOf, sizeOf } from '../kinds/persistent-volume-claim.ts';
import { storageClasses } from '../kinds/storage-class.ts';
import { type Resource, as, at, child, copy, isRecord } from '../resource.ts';
import { PROVISIONER } from '../seed/storage-classes.ts';
import type { Condition } from '../shapes.ts';
import type { Change } from '../store/store.ts';
import { createObject } from '../write/create-object.ts';
import { updateObject } from '../write/update-object.ts';
import { withCondition } from './conditions.ts';
import { type ControllerFactory, keyOf, splitKey } from './controller.ts';
import { POD_STORAGE, writeStatus } from './pods.ts';
import { PROVISIONER_ANNOTATION } from './volume-binder.ts';

const CLAIMS = storageOf(persistentVolumeClaims);
const PROVISION_MS = 200;
const EXPAND_MS = 500;
const PROVISIONED_BY = 'pv.kubernetes.io/provisioned-by';

/** Makes the volumes of the sandbox's own classes, and grows them. Classes of other provisioners wait for those. */
export const volumeProvisioner: ControllerFactory = ({ store, events, later }) => {
  const due = new Map<string, number>();
  return { name: 'volume-provisioner', keys, reconcile };

  function keys(change: Change): string[] {
    if (change.storage === CLAIMS && change.type !== 'DELETED') return [keyOf(change.object)];
    if (change.storage !== POD_STORAGE || change.type !== 'ADDED') return [];
    const claims = as<{ spec: { volumes?: { persistentVolumeClaim?: { claimName: string } }[] } }>(change.object);
    const names = (claims.spec.volumes ?? []).flatMap((volume) => volume.persistentVolumeClaim?.claimName ?? []);
    return names.map((name) => `${change.object.metadata.namespace ?? ''}/${name}`);
  }

  function reconcile(key: string): void {
    const { namespace, name } = splitKey(key);
    const claim = store.get(CLAIMS, namespace, name);
    if (!claim || claim.metadata.deletionTimestamp) return;
    if (at(claim, 'status', 'phase') === 'Bound') return expand(claim, key);
    if (claim.metadata.annotations?.[PROVISIONER_ANNOTATION] !== PROVISIONER) return;
    if (!isWanted(claim) || !isDue(`${claim.metadata.uid}`, PROVISION_MS, key)) return;
    provision(claim);
  }

  /** A class may wait until a pod uses the claim. */
  function isWanted(claim: Resource): boolean {
    const found = store.get(storageOf(storageClasses), undefined, String(at(claim, 'spec', 'storageClassName')));
    if (found?.volumeBindingMode !== 'WaitForFirstConsumer') return found !== undefined;
    return store.list(POD_STORAGE, claim.metadata.namespace).some((pod) => {
      const volumes = at(pod, 'spec', 'volumes');
      return (
        Array.isArray(volumes) &&
        volumes.some((volume) => at(volume, 'persistentVolumeClaim', 'claimName') === claim.metadata.name)
      );
    });
  }

  function isDue(id: string, delayMs: number, key: string): boolean {
    const moment = due.get(id) ?? store.now().getTime() + delayMs;
    due.set(id, moment);
    const left = moment - store.now().getTime();
    if (left > 0) later(key, left);
    else due.delete(id);
    return left <= 0;
  }

  function provision(claim: Resource): void {
    const name = `pvc-${claim.metadata.uid}`;
    if (store.get(storageOf(persistentVolumes), undefined, name)) return;
    const className = String(at(claim, 'spec', 'storageClassName'));
    const found = store.get(storageOf(storageClasses), undefined, className);
    const { namespace, name: claimName, uid, resourceVersion } = claim.metadata;
    createObject(store, persistentVolumes, {
      apiVersion: 'v1',
      kind: 'PersistentVolume',
      metadata: { name, annotations: { [PROVISIONED_BY]: PROVISIONER } },
      spec: {
        accessModes: copy(at(claim, 'spec', 'accessModes')),
        capacity: { storage: requestOf(claim) },
        claimRef: { kind: 'PersistentVolumeClaim', apiVersion: 'v1', namespace, name: claimName, uid, resourceVersion },
        csi: { driver: PROVISIONER, volumeHandle: name },
        persistentVolumeReclaimPolicy: found?.reclaimPolicy,
        storageClassName: className,
        volumeMode: at(claim, 'spec', 'volumeMode'),
      },
    });
    events.record(claim, {
      type: 'Normal',
      reason: 'ProvisioningSucceeded',
      message: `Successfully provisioned volume ${name}`,
      component: PROVISIONER,
    });
  }

  function expand(claim: Resource, key: string): void {
    const wanted = requestOf(claim);
    const volume = store.get(storageOf(persistentVolumes), undefined, String(at(claim, 'spec', 'volumeName')));
    const isOurs = volume?.metadata.annotations?.[PROVISIONED_BY] === PROVISIONER;
    if (!volume || !isOurs || sizeOf(wanted) <= sizeOf(at(claim, 'status', 'capacity', 'storage'))) return;
    const status = isRecord(claim.status) ? copy(claim.status) : {};
    const others = as<Condition[] | undefined>(status.conditions);
    if (!isDue(`${claim.metadata.uid} ${String(wanted)}`, EXPAND_MS, key)) {
      const condition = { type: 'Resizing', status: 'True', lastProbeTime: null };
      writeStatus(store, persistentVolumeClaims, claim, {
        ...status,
        conditions: withCondition(others, condition, store.timestamp()),
      });
      return;
    }
    const grow = (draft: Resource): void => void (child(child(draft, 'spec'), 'capacity').storage = wanted);
    updateObject(store, { kind: persistentVolumes, name: volume.metadata.name }, grow);
    const left = (others ?? []).filter((condition) => condition.type !== 'Resizing');
    const { conditions: _conditions, ...rest } = status;
    writeStatus(store, persistentVolumeClaims, claim, {
      ...rest,
      capacity: { storage: wanted },
      ...(left.length > 0 ? { conditions: left } : {}),
    });
  }
};
