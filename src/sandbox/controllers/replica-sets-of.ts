import { controllerOf } from '../../kubernetes/object.ts';
import { storageOf } from '../kinds/kind.ts';
import { replicaSets } from '../kinds/replica-set.ts';
import { type Resource, as, copy, same } from '../resource.ts';
import { selects } from '../selectors/label-selector.ts';
import type { Deployment, PodTemplate, ReplicaSet } from '../shapes.ts';
import type { Store } from '../store/store.ts';
import { updateObject } from '../write/update-object.ts';
import { ownedBy } from './pods.ts';

export const HASH = 'pod-template-hash';
export const REVISION = 'deployment.kubernetes.io/revision';
const SETS = storageOf(replicaSets);

/** The Deployment's ReplicaSets, oldest first; those without an owner that it selects are adopted. */
export function claimReplicaSets(store: Store, deployment: Deployment): ReplicaSet[] {
  const uid = deployment.metadata.uid ?? '';
  const owned = store
    .dependentsOf(uid)
    .filter(({ storage, object }) => storage === SETS && controllerOf(object)?.uid === uid)
    .map(({ object }) => object);
  if (!deployment.metadata.deletionTimestamp) {
    for (const object of store.list(SETS, deployment.metadata.namespace)) {
      if (
        !controllerOf(object) &&
        !object.metadata.deletionTimestamp &&
        selects(deployment.spec.selector, object.metadata.labels)
      )
        owned.push(adopt(store, object, deployment));
    }
  }
  const made = (set: Resource): string => `${set.metadata.creationTimestamp} ${set.metadata.name}`;
  return owned.sort((a, b) => (made(a) < made(b) ? -1 : 1)).map((object) => as<ReplicaSet>(object));
}

/** The ReplicaSet with the Deployment's present template, if there is one. */
export function newestOf(deployment: Deployment, sets: ReplicaSet[]): ReplicaSet | undefined {
  return sets.find((set) => same(withoutHash(set.spec.template), withoutHash(deployment.spec.template)));
}

export function withoutHash(template: PodTemplate): PodTemplate {
  const result = copy(template);
  if (result.metadata?.labels) delete result.metadata.labels[HASH];
  return result;
}

export function revisionOf(set: Resource): number {
  return Number(set.metadata.annotations?.[REVISION] ?? 0) || 0;
}

function adopt(store: Store, object: Resource, deployment: Deployment): Resource {
  const { namespace, name, ownerReferences = [] } = object.metadata;
  return updateObject(
    store,
    { kind: replicaSets, namespace, name },
    (draft) => void (draft.metadata.ownerReferences = [...ownerReferences, ownedBy(deployment)]),
  );
}
