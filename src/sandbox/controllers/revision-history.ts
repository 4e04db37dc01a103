import { controllerOf } from '../../kubernetes/object.ts';
import { controllerRevisions } from '../kinds/controller-revision.ts';
import { storageOf } from '../kinds/kind.ts';
import { type Resource, as, copy, same } from '../resource.ts';
import type { ControllerRevision, PodTemplate } from '../shapes.ts';
import type { Store } from '../store/store.ts';
import { createObject } from '../write/create-object.ts';
import { deleteObject } from '../write/delete-object.ts';
import { hashSuffix } from '../write/random-suffix.ts';
import { updateObject } from '../write/update-object.ts';
import { ownedBy } from './pods.ts';

const STORAGE = storageOf(controllerRevisions);
export const REVISION_HASH = 'controller-revision-hash';

type Owner = Resource & { spec: { template: PodTemplate; revisionHistoryLimit?: number } };

/** The owner's ControllerRevisions by number, the oldest first. */
export function revisionsOf(store: Store, owner: Resource): ControllerRevision[] {
  const uid = owner.metadata.uid ?? '';
  const owned = store
    .dependentsOf(uid)
    .filter(({ storage, object }) => storage === STORAGE && controllerOf(object)?.uid === uid);
  return owned.map(({ object }) => as<ControllerRevision>(object)).sort((a, b) => a.revision - b.revision);
}

/** The revision of the owner's present template with the highest number: one that it had before is renumbered, a new one made. */
export function ensureRevision(store: Store, owner: Owner): ControllerRevision {
  const known = revisionsOf(store, owner);
  const template = dataOf(owner);
  const next = (known.at(-1)?.revision ?? 0) + 1;
  const equal = known.findLast((revision) => same(revision.data, template));
  const { namespace, name } = owner.metadata;
  if (equal) {
    if (equal.revision === next - 1) return equal;
    return as<ControllerRevision>(
      updateObject(
        store,
        { kind: controllerRevisions, namespace, name: equal.metadata.name },
        (draft) => void (draft.revision = next),
      ),
    );
  }
  const hash = hashSuffix(JSON.stringify(template));
  const draft: Resource = {
    apiVersion: 'apps/v1',
    kind: 'ControllerRevision',
    metadata: {
      name: `${name}-${hash}`,
      ...(namespace === undefined ? {} : { namespace }),
      labels: { ...owner.spec.template.metadata?.labels, [REVISION_HASH]: hash },
      ...(owner.metadata.annotations ? { annotations: { ...owner.metadata.annotations } } : {}),
      ownerReferences: [ownedBy(owner)],
    },
    data: template,
    revision: next,
  };
  return as<ControllerRevision>(createObject(store, controllerRevisions, draft));
}

/** Forgets the oldest revisions that no pod is at. `used` are the names of those that are. */
export function pruneRevisions(store: Store, owner: Owner, used: Set<string>): void {
  const idle = revisionsOf(store, owner).filter((revision) => !used.has(revision.metadata.name));
  const surplus = Math.max(0, idle.length - (owner.spec.revisionHistoryLimit ?? 10));
  for (const revision of idle.slice(0, surplus))
    deleteObject(store, controllerRevisions, { namespace: revision.metadata.namespace, name: revision.metadata.name });
}

/** A revision holds the template as a strategic merge patch that replaces the one there is. */
function dataOf(owner: Owner): unknown {
  return { spec: { template: { ...copy(owner.spec.template), $patch: 'replace' } } };
}
