import { storageOf } from '../kinds/kind.ts';
import { persistentVolumes, VOLUME_PROTECTION } from '../kinds/persistent-volume.ts';
import { persistentVolumeClaims, requestOf, sizeOf } from '../kinds/persistent-volume-claim.ts';
import { storageClasses } from '../kinds/storage-class.ts';
import { type Resource, at, child, copy, isRecord } from '../resource.ts';
import type { Change } from '../store/store.ts';
import { deleteObject } from '../write/delete-object.ts';
import { updateObject } from '../write/update-object.ts';
import { type ControllerFactory, keyOf, splitKey } from './controller.ts';
import { writeStatus } from './pods.ts';

const CLAIMS = storageOf(persistentVolumeClaims);
const VOLUMES = storageOf(persistentVolumes);
export const PROVISIONER_ANNOTATION = 'volume.kubernetes.io/storage-provisioner';

/** Brings claims and volumes together, asks the class's provisioner where none fits, and lets go of volumes whose claim is gone. */
export const volumeBinder: ControllerFactory = ({ store, events }) => {
  return { name: 'persistentvolume-controller', keys, reconcile };

  /** A claim's key has its namespace, a volume's begins with the slash. */
  function keys(change: Change): string[] {
    if (change.storage === CLAIMS && change.type === 'DELETED')
      return volumesFor(change.object).map((volume) => keyOf(volume));
    if (change.storage === CLAIMS) return [keyOf(change.object)];
    if (change.storage === storageOf(storageClasses)) return waiting();
    if (change.storage !== VOLUMES) return [];
    return [...(change.type === 'DELETED' ? [] : [keyOf(change.object)]), ...waiting()];
  }

  function waiting(): string[] {
    return store
      .list(CLAIMS)
      .filter((claim) => at(claim, 'status', 'phase') === 'Pending')
      .map((claim) => keyOf(claim));
  }

  function volumesFor(claim: Resource): Resource[] {
    return store.list(VOLUMES).filter((volume) => at(volume, 'spec', 'claimRef', 'uid') === claim.metadata.uid);
  }

  function reconcile(key: string): void {
    const { namespace, name } = splitKey(key);
    const volume = namespace === '' ? store.get(VOLUMES, undefined, name) : undefined;
    if (volume) return settleVolume(volume);
    const claim = store.get(CLAIMS, namespace, name);
    if (!claim || claim.metadata.deletionTimestamp || at(claim, 'status', 'phase') !== 'Pending') return;
    const fitting = bestVolume(claim);
    if (fitting) bind(claim, fitting);
    else askProvisioner(claim);
  }

  function settleVolume(volume: Resource): void {
    const reference = at(volume, 'spec', 'claimRef');
    const [namespace, name, uid] = ['namespace', 'name', 'uid'].map((field) => String(at(reference, field) ?? ''));
    const claim = reference ? store.get(CLAIMS, namespace, name ?? '') : undefined;
    const isBound = claim !== undefined && at(claim, 'spec', 'volumeName') === volume.metadata.name;
    if (volume.metadata.deletionTimestamp) {
      if (!isBound) releaseVolume(volume);
    } else if (isBound) setPhase(volume, 'Bound');
    else if (!reference || uid === '') setPhase(volume, 'Available');
    else if (!claim || claim.metadata.uid !== uid) {
      setPhase(volume, 'Released');
      if (at(volume, 'spec', 'persistentVolumeReclaimPolicy') === 'Delete')
        deleteObject(store, persistentVolumes, { name: volume.metadata.name });
    }
  }

  function bestVolume(claim: Resource): Resource | undefined {
    const named = at(claim, 'spec', 'volumeName');
    const usable = store.list(VOLUMES).filter((volume) => fits(claim, volume) && !volume.metadata.deletionTimestamp);
    if (typeof named === 'string') return usable.find((volume) => volume.metadata.name === named);
    const size = (volume: Resource): bigint => sizeOf(at(volume, 'spec', 'capacity', 'storage'));
    const reserved = usable.filter((volume) => at(volume, 'spec', 'claimRef'));
    return (reserved.length > 0 ? reserved : usable).sort((a, b) => (size(a) < size(b) ? -1 : 1))[0];
  }

  function bind(claim: Resource, volume: Resource): void {
    const { namespace, name, uid, resourceVersion } = claim.metadata;
    const byUs = !at(volume, 'spec', 'claimRef');
    const bound = updateObject(store, { kind: persistentVolumes, name: volume.metadata.name }, (draft) => {
      const reference = { kind: 'PersistentVolumeClaim', apiVersion: 'v1', namespace, name, uid, resourceVersion };
      child(draft, 'spec').claimRef = reference;
      if (byUs) annotate(draft, { 'pv.kubernetes.io/bound-by-controller': 'yes' });
    });
    setPhase(bound, 'Bound');
    const place = { kind: persistentVolumeClaims, namespace: namespace ?? '', name };
    const chosen = at(claim, 'spec', 'volumeName') === undefined;
    const held = updateObject(store, place, (draft) => {
      child(draft, 'spec').volumeName = volume.metadata.name;
      annotate(draft, {
        'pv.kubernetes.io/bind-completed': 'yes',
        ...(chosen ? { 'pv.kubernetes.io/bound-by-controller': 'yes' } : {}),
      });
    });
    writeStatus(store, persistentVolumeClaims, held, {
      phase: 'Bound',
      accessModes: copy(at(volume, 'spec', 'accessModes')),
      capacity: copy(at(volume, 'spec', 'capacity')),
    });
  }

  function askProvisioner(claim: Resource): void {
    const className = at(claim, 'spec', 'storageClassName');
    if (typeof className !== 'string' || className === '') return;
    const found = store.get(storageOf(storageClasses), undefined, className);
    if (!found) {
      const message = `storageclass.storage.k8s.io "${className}" not found`;
      return events.record(claim, {
        type: 'Warning',
        reason: 'ProvisioningFailed',
        message,
        component: 'persistentvolume-controller',
      });
    }
    const provisioner = String(found.provisioner);
    if (claim.metadata.annotations?.[PROVISIONER_ANNOTATION] === provisioner) return;
    const { namespace, name } = claim.metadata;
    updateObject(store, { kind: persistentVolumeClaims, namespace: namespace ?? '', name }, (draft) =>
      annotate(draft, {
        'volume.beta.kubernetes.io/storage-provisioner': provisioner,
        [PROVISIONER_ANNOTATION]: provisioner,
      }),
    );
  }

  function releaseVolume(volume: Resource): void {
    updateObject(
      store,
      { kind: persistentVolumes, name: volume.metadata.name },
      (draft) =>
        void (draft.metadata.finalizers = (draft.metadata.finalizers ?? []).filter(
          (entry) => entry !== VOLUME_PROTECTION,
        )),
    );
  }

  function setPhase(volume: Resource, phase: string): void {
    if (at(volume, 'status', 'phase') === phase) return;
    const status = isRecord(volume.status) ? copy(volume.status) : {};
    writeStatus(store, persistentVolumes, volume, { ...status, phase, lastPhaseTransitionTime: store.timestamp() });
  }
};

function annotate(draft: Resource, annotations: Record<string, string>): void {
  draft.metadata.annotations = { ...draft.metadata.annotations, ...annotations };
}

/** Kept for this claim or free, of its class, large enough, and with every access mode that it asks for. */
function fits(claim: Resource, volume: Resource): boolean {
  const reference = at(volume, 'spec', 'claimRef');
  const { namespace, name, uid } = claim.metadata;
  const kept = at(reference, 'namespace') === namespace && at(reference, 'name') === name;
  if (reference && !(kept && (at(reference, 'uid') ?? uid) === uid)) return false;
  const modes = (object: Resource): unknown[] => {
    const list = at(object, 'spec', 'accessModes');
    return Array.isArray(list) ? list : [];
  };
  return (
    (at(claim, 'spec', 'storageClassName') ?? '') === (at(volume, 'spec', 'storageClassName') ?? '') &&
    at(claim, 'spec', 'volumeMode') === at(volume, 'spec', 'volumeMode') &&
    modes(claim).every((mode) => modes(volume).includes(mode)) &&
    sizeOf(at(volume, 'spec', 'capacity', 'storage')) >= sizeOf(requestOf(claim))
  );
}
