import { type Cause, conflict, forbidden, invalid, notFound } from '../api/status-error.ts';
import { type Kind, storageOf } from '../kinds/kind.ts';
import { type Resource, at, copy } from '../resource.ts';
import type { Store } from '../store/store.ts';

/** What a DELETE may say: the fields of meta.k8s.io/v1 DeleteOptions that change what happens. */
export interface DeleteOptions {
  gracePeriodSeconds?: number;
  propagationPolicy?: string;
  orphanDependents?: boolean;
  preconditions?: { uid?: string; resourceVersion?: string };
  dryRun?: boolean;
}

const FOREGROUND = 'foregroundDeletion';
const ORPHAN = 'orphan';
/** The namespaces that every cluster needs. */
const lasting = ['default', 'kube-system', 'kube-public'];

/**
 * Deletes an object, or marks it as being deleted where a grace period or a finalizer holds it. Returns its last state and
 * whether it is gone. Throws a StatusError: 404, 409 for a precondition, 403 for a namespace that has to stay.
 */
export function deleteObject(
  store: Store,
  kind: Kind,
  key: { namespace?: string; name: string },
  options: DeleteOptions = {},
): { object: Resource; gone: boolean } {
  const old = store.get(storageOf(kind), key.namespace, key.name);
  if (!old) throw notFound(kind, key.name);
  checkPreconditions(kind, old, options);
  if (kind.kind === 'Namespace' && lasting.includes(key.name))
    throw forbidden(kind, key.name, 'this namespace may not be deleted');
  const grace = gracePeriod(kind, old, options);
  const draft = copy(old);
  const finalizers = finalizersAfter(old, options);
  if (finalizers.length > 0) draft.metadata.finalizers = finalizers;
  const held = finalizers.length > 0 || kind.kind === 'Namespace';
  if (grace === 0 && !held) {
    const last = kind.kind === 'Pod' ? marked(store, draft, 0) : old;
    return { object: options.dryRun ? last : store.remove(storageOf(kind), last), gone: true };
  }
  if (old.metadata.deletionTimestamp && !shortens(old, grace)) return { object: old, gone: false };
  marked(store, draft, grace);
  if (kind.kind === 'Namespace') {
    delete draft.metadata.deletionGracePeriodSeconds;
    draft.status = { ...(typeof draft.status === 'object' ? draft.status : {}), phase: 'Terminating' };
  }
  return { object: options.dryRun ? draft : store.put(storageOf(kind), draft), gone: false };
}

/** Throws 409 where the object is not the one that was meant. */
function checkPreconditions(kind: Kind, old: Resource, options: DeleteOptions): void {
  const { uid, resourceVersion } = options.preconditions ?? {};
  // These conflicts name the kind rather than the resource, as the API server's do.
  const subject: Kind = { ...kind, group: '', plural: kind.kind };
  if (uid !== undefined && uid !== old.metadata.uid) {
    throw conflict(
      subject,
      old.metadata.name,
      `the UID in the precondition (${uid}) does not match the UID in record (${old.metadata.uid}). The object might have been deleted and then recreated`,
    );
  }
  if (resourceVersion !== undefined && resourceVersion !== old.metadata.resourceVersion) {
    throw conflict(
      subject,
      old.metadata.name,
      `the ResourceVersion in the precondition (${resourceVersion}) does not match the ResourceVersion in record (${old.metadata.resourceVersion}). The object might have been modified`,
    );
  }
}

/** Throws 422 for options that make no sense. */
export function validateDeleteOptions(options: DeleteOptions): void {
  const policies = ['Foreground', 'Background', 'Orphan', 'nil'];
  const causes: Cause[] = [];
  if (options.propagationPolicy !== undefined && !policies.includes(options.propagationPolicy)) {
    const supported = policies.map((policy) => `"${policy}"`).join(', ');
    causes.push({
      reason: 'FieldValueNotSupported',
      field: 'propagationPolicy',
      message: `Unsupported value: "${options.propagationPolicy}": supported values: ${supported}`,
    });
  }
  if (options.propagationPolicy !== undefined && options.orphanDependents !== undefined) {
    causes.push({
      reason: 'FieldValueInvalid',
      field: 'propagationPolicy',
      message: `Invalid value: "${options.propagationPolicy}": orphanDependents and deletionPropagation cannot be both set`,
    });
  }
  if (causes.length > 0) throw invalid({ group: 'meta.k8s.io', kind: 'DeleteOptions' }, '', causes);
}

function marked(store: Store, draft: Resource, grace: number): Resource {
  draft.metadata.deletionTimestamp = inSeconds(store, grace);
  draft.metadata.deletionGracePeriodSeconds = grace;
  if (draft.metadata.generation !== undefined) draft.metadata.generation += 1;
  return draft;
}

function gracePeriod(kind: Kind, old: Resource, options: DeleteOptions): number {
  if (kind.kind !== 'Pod' || kind.group !== '') return 0;
  const finished = at(old, 'status', 'phase') === 'Succeeded' || at(old, 'status', 'phase') === 'Failed';
  if (finished || !at(old, 'spec', 'nodeName')) return 0;
  const own = at(old, 'spec', 'terminationGracePeriodSeconds');
  const asked = options.gracePeriodSeconds ?? (typeof own === 'number' ? own : 30);
  return asked < 0 ? 1 : asked;
}

/** A second deletion can only make the first one sooner. */
function shortens(old: Resource, grace: number): boolean {
  return grace < (old.metadata.deletionGracePeriodSeconds ?? 0);
}

function finalizersAfter(old: Resource, options: DeleteOptions): string[] {
  const rest = (old.metadata.finalizers ?? []).filter((finalizer) => finalizer !== FOREGROUND && finalizer !== ORPHAN);
  if (options.propagationPolicy === 'Foreground') return [...rest, FOREGROUND];
  if (options.propagationPolicy === 'Orphan' || options.orphanDependents === true) return [...rest, ORPHAN];
  return options.propagationPolicy === undefined ? (old.metadata.finalizers ?? []) : rest;
}

function inSeconds(store: Store, seconds: number): string {
  return `${new Date(store.now().getTime() + seconds * 1000).toISOString().slice(0, 19)}Z`;
}
