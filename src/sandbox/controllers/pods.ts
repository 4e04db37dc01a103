import { controllerOf } from '../../kubernetes/object.ts';
import { type Kind, apiVersionOf, storageOf } from '../kinds/kind.ts';
import { pods } from '../kinds/pod.ts';
import { type Resource, as, copy } from '../resource.ts';
import { selects } from '../selectors/label-selector.ts';
import type { LabelSelector, Pod, PodTemplate } from '../shapes.ts';
import type { Store } from '../store/store.ts';
import { updateObject } from '../write/update-object.ts';

export const POD_STORAGE = storageOf(pods);

export function isReady(pod: Pod): boolean {
  return pod.status.conditions?.some((condition) => condition.type === 'Ready' && condition.status === 'True') ?? false;
}

/** Neither finished nor being deleted. */
export function isActive(pod: Pod): boolean {
  return (
    pod.metadata.deletionTimestamp === undefined && pod.status.phase !== 'Succeeded' && pod.status.phase !== 'Failed'
  );
}

/** Ready for `minReadySeconds`. How long it still takes is what `waitMs` tells, 0 when it is available or not ready at all. */
export function availability(pod: Pod, minReadySeconds: number, now: Date): { available: boolean; waitMs: number } {
  if (!isReady(pod)) return { available: false, waitMs: 0 };
  const since = pod.status.conditions?.find((condition) => condition.type === 'Ready')?.lastTransitionTime ?? '';
  const left = Date.parse(since) + minReadySeconds * 1000 - now.getTime();
  return minReadySeconds === 0 || left <= 0 ? { available: true, waitMs: 0 } : { available: false, waitMs: left };
}

/** The controller's owner reference on something that it makes. */
export function ownedBy(owner: Resource): NonNullable<Resource['metadata']['ownerReferences']>[number] {
  const { name, uid = '' } = owner.metadata;
  return { apiVersion: owner.apiVersion, kind: owner.kind, name, uid, controller: true, blockOwnerDeletion: true };
}

/** The keys of the owners of that kind: for turning a pod's change into its controller's key. */
export function ownerKeys(object: Resource, kind: Kind): string[] {
  const owner = controllerOf(object);
  return owner && owner.kind === kind.kind && owner.apiVersion === apiVersionOf(kind)
    ? [`${object.metadata.namespace ?? ''}/${owner.name}`]
    : [];
}

/** A pod as the template asks for, not yet named. */
export function podFrom(template: PodTemplate, owner: Resource, metadata: Partial<Resource['metadata']>): Resource {
  const { namespace } = owner.metadata;
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name: '',
      ...(namespace === undefined ? {} : { namespace }),
      ...copy({
        labels: template.metadata?.labels ?? {},
        ...(template.metadata?.annotations ? { annotations: template.metadata.annotations } : {}),
      }),
      ownerReferences: [ownedBy(owner)],
      ...metadata,
    },
    spec: copy(template.spec),
  };
}

/**
 * The pods that belong to the owner: those that it owns and still selects, and those without an owner that it selects, which it
 * adopts. What it owns but no longer selects is let go.
 */
export function claimPods(store: Store, owner: Resource, selector: LabelSelector): Pod[] {
  const owned = store
    .dependentsOf(owner.metadata.uid ?? '')
    .filter(({ storage, object }) => storage === POD_STORAGE && controllerOf(object)?.uid === owner.metadata.uid);
  const kept: Pod[] = [];
  for (const { object } of owned) {
    if (selects(selector, object.metadata.labels) || object.metadata.deletionTimestamp) kept.push(as<Pod>(object));
    else
      setOwners(
        store,
        object,
        (object.metadata.ownerReferences ?? []).filter((reference) => reference.uid !== owner.metadata.uid),
      );
  }
  if (owner.metadata.deletionTimestamp) return kept;
  for (const object of store.list(POD_STORAGE, owner.metadata.namespace)) {
    const orphan = !controllerOf(object) && !object.metadata.deletionTimestamp && isActive(as<Pod>(object));
    if (orphan && selects(selector, object.metadata.labels))
      kept.push(as<Pod>(setOwners(store, object, [...(object.metadata.ownerReferences ?? []), ownedBy(owner)])));
  }
  return kept;
}

function setOwners(
  store: Store,
  object: Resource,
  owners: NonNullable<Resource['metadata']['ownerReferences']>,
): Resource {
  const { namespace, name } = object.metadata;
  const key = namespace === undefined ? { name } : { namespace, name };
  return updateObject(store, { kind: pods, ...key }, (draft) => void (draft.metadata.ownerReferences = owners));
}

/** Writes a status where it differs; what is 0, empty or undefined is left out where the API server leaves it out. */
export function writeStatus(store: Store, kind: Kind, object: Resource, status: Record<string, unknown>): void {
  const { namespace, name } = object.metadata;
  const present = Object.fromEntries(Object.entries(status).filter(([, value]) => value !== undefined));
  const key = namespace === undefined ? { name } : { namespace, name };
  updateObject(store, { kind, ...key }, (draft) => void (draft.status = present), { subresource: 'status' });
}

/** Undefined for 0: such a field is not in the object at all. */
export function orNothing(count: number): number | undefined {
  return count === 0 ? undefined : count;
}
