import { StatusError, alreadyExists, forbidden, invalid, notFound } from '../api/status-error.ts';
import { type Kind, apiVersionOf, storageOf } from '../kinds/kind.ts';
import { namespaces } from '../kinds/namespace.ts';
import type { Resource } from '../resource.ts';
import type { Store } from '../store/store.ts';
import { Faults } from '../validation/faults.ts';
import { validateMetadata } from '../validation/metadata.ts';
import { randomSuffix } from './random-suffix.ts';

const GENERATED_NAME_LIMIT = 58;

/**
 * Admits, validates and stores a new object; `draft` becomes part of it. With `dryRun` everything but the storing.
 * Throws a StatusError: 404 or 403 for the namespace, 422 for what is invalid, 409 for a name that is taken.
 */
export function createObject(store: Store, kind: Kind, draft: Resource, options: { dryRun?: boolean } = {}): Resource {
  const metadata = draft.metadata;
  if (metadata.resourceVersion)
    throw new StatusError(500, undefined, 'resourceVersion should not be set on objects to be created');
  if (!metadata.name && metadata.generateName)
    metadata.name = metadata.generateName.slice(0, GENERATED_NAME_LIMIT) + randomSuffix();
  requireNamespace(store, kind, metadata.namespace, metadata.name);
  draft.apiVersion = apiVersionOf(kind);
  draft.kind = kind.kind;
  metadata.uid = store.uuid();
  metadata.creationTimestamp = store.timestamp();
  delete metadata.deletionTimestamp;
  delete metadata.deletionGracePeriodSeconds;
  delete metadata.generation;
  if (kind.hasGeneration) metadata.generation = 1;
  const given = draft.status;
  if (kind.hasStatus) delete draft.status;
  kind.defaults?.(draft);
  kind.admit?.(draft, store);
  const status = kind.initialStatus?.(draft, given);
  if (status) draft.status = status;
  const faults = new Faults();
  validateMetadata(kind, draft, faults);
  kind.validate?.(draft, faults);
  if (faults.causes.length > 0) throw invalid(kind, metadata.name ?? '', faults.causes);
  if (store.get(storageOf(kind), metadata.namespace, metadata.name)) throw alreadyExists(kind, metadata.name);
  return options.dryRun ? draft : store.put(storageOf(kind), draft);
}

function requireNamespace(store: Store, kind: Kind, namespace: string | undefined, name: string): void {
  if (!kind.namespaced) return;
  const found = store.get(storageOf(namespaces), undefined, namespace ?? '');
  if (!found) throw notFound(namespaces, namespace ?? '');
  if (!found.metadata.deletionTimestamp) return;
  const detail = `unable to create new content in namespace ${namespace} because it is being terminated`;
  throw forbidden(kind, name, detail, [
    {
      reason: 'NamespaceTerminating',
      message: `namespace ${namespace} is being terminated`,
      field: 'metadata.namespace',
    },
  ]);
}
