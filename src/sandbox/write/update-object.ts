import { conflict, invalid, modified, notFound } from '../api/status-error.ts';
import { type Kind, apiVersionOf, storageOf } from '../kinds/kind.ts';
import { type Resource, copy, same } from '../resource.ts';
import type { Store } from '../store/store.ts';
import { Faults } from '../validation/faults.ts';
import { validateMetadata } from '../validation/metadata.ts';

export interface UpdateOptions {
  dryRun?: boolean;
  /** `status` writes the status alone, one of the kind's parts that part; others (`scale`) are the caller's business. */
  subresource?: string;
  /** A replacement that carries another UID is a conflict; in a patch it is an invalid field. */
  uidIsPrecondition?: boolean;
}

/** Set by the server: what the caller leaves out comes from what is stored. */
const kept = [
  'uid',
  'creationTimestamp',
  'deletionTimestamp',
  'deletionGracePeriodSeconds',
  'namespace',
  'generateName',
] as const;

/**
 * Replaces an object by what `change` makes of a copy of it. No-ops are not stored. A draft that carries an older
 * resourceVersion is a 409. Throws a StatusError: 404, 409, 422.
 */
export function updateObject(
  store: Store,
  place: { kind: Kind; namespace?: string; name: string },
  change: (draft: Resource) => Resource | void,
  options: UpdateOptions = {},
): Resource {
  const { kind, namespace, name } = place;
  const old = store.get(storageOf(kind), namespace, name);
  if (!old) throw notFound(kind, name);
  const working = copy(old);
  const draft = change(working) ?? working;
  checkPreconditions(kind, draft, old, options);
  settleMetadata(kind, draft, old);
  settleStatus(kind, draft, old, options.subresource);
  const part = kind.parts?.[options.subresource ?? ''];
  part?.prepare(draft, old);
  kind.defaults?.(draft);
  kind.prepareUpdate?.(draft, old);
  if (kind.hasGeneration && options.subresource !== 'status' && isNewGeneration(kind, draft, old))
    draft.metadata.generation = (old.metadata.generation ?? 0) + 1;
  const faults = new Faults();
  validateMetadata(kind, draft, faults, old);
  if (part) part.validate(draft, faults, old);
  else if (options.subresource !== 'status') kind.validate?.(draft, faults, old);
  if (faults.causes.length > 0) throw invalid(kind, name, faults.causes);
  if (options.subresource !== 'status') kind.admitUpdate?.(draft, old, store);
  draft.metadata.resourceVersion = old.metadata.resourceVersion;
  if (same(draft, old)) return old;
  if (options.dryRun) return draft;
  return isReleased(draft) ? store.remove(storageOf(kind), draft) : store.put(storageOf(kind), draft);
}

function checkPreconditions(kind: Kind, draft: Resource, old: Resource, options: UpdateOptions): void {
  const { uid, resourceVersion } = draft.metadata;
  if (options.uidIsPrecondition && uid && uid !== old.metadata.uid) {
    throw conflict(
      kind,
      old.metadata.name,
      `Precondition failed: UID in precondition: ${uid}, UID in object meta: ${old.metadata.uid}`,
    );
  }
  if (resourceVersion && resourceVersion !== old.metadata.resourceVersion) throw modified(kind, old.metadata.name);
}

function settleMetadata(kind: Kind, draft: Resource, old: Resource): void {
  const metadata: Record<string, unknown> = { ...draft.metadata };
  for (const field of kept)
    if (metadata[field] === undefined && old.metadata[field] !== undefined) metadata[field] = old.metadata[field];
  for (const field of ['generation', 'selfLink', 'managedFields']) delete metadata[field];
  for (const field of ['labels', 'annotations', 'finalizers', 'ownerReferences'])
    if (isEmpty(metadata[field])) delete metadata[field];
  draft.metadata = { ...metadata, name: draft.metadata.name };
  if (old.metadata.generation !== undefined) draft.metadata.generation = old.metadata.generation;
  draft.apiVersion = apiVersionOf(kind);
  draft.kind = kind.kind;
}

/** The status belongs to its subresource, and everything else to the object itself. */
function settleStatus(kind: Kind, draft: Resource, old: Resource, subresource: string | undefined): void {
  if (subresource === 'status') {
    for (const field of Object.keys(draft)) if (field !== 'status' && field !== 'metadata') delete draft[field];
    const rest = copy(old);
    for (const field of Object.keys(rest)) if (field !== 'status' && field !== 'metadata') draft[field] = rest[field];
  } else if (kind.hasStatus) {
    if (old.status === undefined) delete draft.status;
    else draft.status = copy(old.status);
  }
}

/** Being deleted, and nobody holds it any more. A pod's grace is held by the kubelet. */
function isReleased(draft: Resource): boolean {
  const { deletionTimestamp, deletionGracePeriodSeconds, finalizers = [] } = draft.metadata;
  return (
    deletionTimestamp !== undefined && finalizers.length === 0 && !deletionGracePeriodSeconds && !holdsNamespace(draft)
  );
}

function holdsNamespace(draft: Resource): boolean {
  return draft.kind === 'Namespace' && draft.apiVersion === 'v1';
}

function isNewGeneration(kind: Kind, draft: Resource, old: Resource): boolean {
  const annotated = kind.countsAnnotations && !same(draft.metadata.annotations ?? {}, old.metadata.annotations ?? {});
  return annotated || !same(withoutStatus(draft), withoutStatus(old));
}

function withoutStatus(object: Resource): Record<string, unknown> {
  const { metadata: _metadata, status: _status, ...rest } = object;
  return rest;
}

function isEmpty(value: unknown): boolean {
  return value !== null && typeof value === 'object' && Object.keys(value).length === 0;
}
