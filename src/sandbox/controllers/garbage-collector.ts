import { groupOf } from '../../kubernetes/kinds.ts';
import { type Kind, storageOf } from '../kinds/kind.ts';
import { nodes } from '../kinds/node.ts';
import { pods } from '../kinds/pod.ts';
import { kindOfStorage, kindsOf } from '../kinds/served.ts';
import { type Resource, as } from '../resource.ts';
import type { Pod } from '../shapes.ts';
import type { Change } from '../store/store.ts';
import { deleteObject } from '../write/delete-object.ts';
import { updateObject } from '../write/update-object.ts';
import type { ControllerFactory } from './controller.ts';
import { POD_STORAGE } from './pods.ts';

const FOREGROUND = 'foregroundDeletion';
const ORPHAN = 'orphan';
/** Pods of a node that is gone are given this long, as by the API server's own collector. */
const LOST_POD_MS = 40_000;

/** Deletes what lost its last owner, and settles the finalizers of foreground and orphaning deletions. Keys are `storage namespace/name`. */
export const garbageCollector: ControllerFactory = ({ store, later }) => {
  /** UIDs of pods that were seen without their node once already. */
  const lost = new Set<string>();
  return { name: 'garbage-collector', keys, reconcile };

  function keys(change: Change): string[] {
    const { object } = change;
    const owned = object.metadata.ownerReferences?.length ?? 0;
    if (change.storage === storageOf(nodes) && change.type === 'DELETED')
      return podsOn(object.metadata.name).map((pod) => keyOf(POD_STORAGE, pod));
    if (change.type === 'DELETED')
      return [
        ...store.dependentsOf(object.metadata.uid ?? '').map((dependent) => keyOf(dependent.storage, dependent.object)),
        ...ownersOf(object),
      ];
    const settling = object.metadata.finalizers?.some((finalizer) => finalizer === FOREGROUND || finalizer === ORPHAN);
    return settling || (owned > 0 && change.type === 'ADDED') ? [keyOf(change.storage, object)] : [];
  }

  function reconcile(key: string): void {
    const [storage = '', path = ''] = key.split(' ');
    const slash = path.indexOf('/');
    const object = store.get(storage, path.slice(0, slash), path.slice(slash + 1));
    if (!object) return;
    const finalizers = object.metadata.finalizers ?? [];
    if (object.metadata.deletionTimestamp && finalizers.includes(ORPHAN)) return orphanDependents(storage, object);
    if (object.metadata.deletionTimestamp && finalizers.includes(FOREGROUND)) return deleteDependents(storage, object);
    if (storage === POD_STORAGE && isLost(as<Pod>(object))) return collectLost(key, as<Pod>(object));
    const owners = object.metadata.ownerReferences ?? [];
    const living = owners.filter((owner) => ownerExists(object, owner));
    if (owners.length === 0 || object.metadata.deletionTimestamp) return;
    if (living.length === 0) remove(storage, object);
    else if (living.length < owners.length) setOwners(storage, object, living);
  }

  function deleteDependents(storage: string, object: Resource): void {
    const dependents = store.dependentsOf(object.metadata.uid ?? '');
    for (const dependent of dependents)
      if (!dependent.object.metadata.deletionTimestamp) remove(dependent.storage, dependent.object, 'Foreground');
    const blocking = store
      .dependentsOf(object.metadata.uid ?? '')
      .some((dependent) =>
        dependent.object.metadata.ownerReferences?.some(
          (owner) => owner.uid === object.metadata.uid && owner.blockOwnerDeletion,
        ),
      );
    if (!blocking) dropFinalizer(storage, object, FOREGROUND);
  }

  function orphanDependents(storage: string, object: Resource): void {
    for (const dependent of store.dependentsOf(object.metadata.uid ?? '')) {
      setOwners(
        dependent.storage,
        dependent.object,
        (dependent.object.metadata.ownerReferences ?? []).filter((owner) => owner.uid !== object.metadata.uid),
      );
    }
    dropFinalizer(storage, object, ORPHAN);
  }

  function ownersOf(object: Resource): string[] {
    return (object.metadata.ownerReferences ?? []).flatMap((owner) => {
      const kind = kindOfOwner(owner);
      return kind
        ? [`${storageOf(kind)} ${kind.namespaced ? (object.metadata.namespace ?? '') : ''}/${owner.name}`]
        : [];
    });
  }

  /** Of any version: an owner is found by its UID. */
  function kindOfOwner({ apiVersion, kind }: { apiVersion: string; kind: string }): Kind | undefined {
    return kindsOf(store).find((entry) => entry.kind === kind && entry.group === groupOf(apiVersion));
  }

  /** Kinds that the sandbox does not know are taken to exist: better a leftover than a deletion by mistake. */
  function ownerExists(
    object: Resource,
    owner: { kind: string; apiVersion: string; name: string; uid: string },
  ): boolean {
    const kind = kindOfOwner(owner);
    if (!kind) return true;
    return (
      store.get(storageOf(kind), kind.namespaced ? object.metadata.namespace : undefined, owner.name)?.metadata.uid ===
      owner.uid
    );
  }

  function remove(storage: string, object: Resource, propagationPolicy?: string): void {
    const kind = kindOfStorage(store, storage);
    const { namespace, name, uid = '' } = object.metadata;
    if (kind)
      deleteObject(store, kind, namespace === undefined ? { name } : { namespace, name }, {
        preconditions: { uid },
        ...(propagationPolicy && kind.kind !== 'Pod' ? { propagationPolicy } : {}),
      });
  }

  function setOwners(
    storage: string,
    object: Resource,
    owners: NonNullable<Resource['metadata']['ownerReferences']>,
  ): void {
    change(storage, object, (draft) => void (draft.metadata.ownerReferences = owners));
  }

  function dropFinalizer(storage: string, object: Resource, finalizer: string): void {
    change(
      storage,
      object,
      (draft) =>
        void (draft.metadata.finalizers = (draft.metadata.finalizers ?? []).filter((entry) => entry !== finalizer)),
    );
  }

  function change(storage: string, object: Resource, edit: (draft: Resource) => void): void {
    const kind = kindOfStorage(store, storage);
    const { namespace, name } = object.metadata;
    if (kind) updateObject(store, { kind, name, ...(namespace === undefined ? {} : { namespace }) }, edit);
  }

  function podsOn(nodeName: string): Resource[] {
    return store.list(POD_STORAGE).filter((pod) => as<Pod>(pod).spec.nodeName === nodeName);
  }

  function isLost(pod: Pod): boolean {
    return pod.spec.nodeName !== undefined && !store.get(storageOf(nodes), undefined, pod.spec.nodeName);
  }

  function collectLost(key: string, pod: Pod): void {
    if (lost.has(pod.metadata.uid ?? '')) {
      lost.delete(pod.metadata.uid ?? '');
      deleteObject(
        store,
        pods,
        { namespace: pod.metadata.namespace, name: pod.metadata.name },
        { gracePeriodSeconds: 0 },
      );
      return;
    }
    lost.add(pod.metadata.uid ?? '');
    later(key, LOST_POD_MS);
  }
};

function keyOf(storage: string, object: Resource): string {
  return `${storage} ${object.metadata.namespace ?? ''}/${object.metadata.name}`;
}
