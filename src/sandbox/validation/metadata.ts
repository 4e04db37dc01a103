import type { Kind } from '../kinds/kind.ts';
import type { Metadata, Resource } from '../resource.ts';
import type { Faults } from './faults.ts';
import { dnsLabelFaults, labelValueFaults, qualifiedNameFaults, subdomainFaults } from './names.ts';

const ANNOTATIONS_LIMIT = 256 * 1024;
const rules = { subdomain: subdomainFaults, label: dnsLabelFaults };
/** Finalizers that need no prefix. */
const standard = ['orphan', 'foregroundDeletion', 'kubernetes'];
/** Set by the server once; an update that says something else is refused. */
const immutable = [
  'name',
  'namespace',
  'uid',
  'creationTimestamp',
  'deletionTimestamp',
  'deletionGracePeriodSeconds',
] as const;

/** What every object must keep to, whatever its kind. `old` is there for an update. */
export function validateMetadata(kind: Kind, object: Resource, faults: Faults, old?: Resource): void {
  const metadata = object.metadata;
  validateName(kind, metadata, faults);
  validateLabels(metadata.labels, 'metadata.labels', faults);
  validateAnnotations(metadata.annotations, 'metadata.annotations', faults);
  validateOwners(metadata, faults);
  (metadata.finalizers ?? []).forEach((finalizer, index) => {
    for (const fault of qualifiedNameFaults(finalizer))
      faults.invalid(`metadata.finalizers[${index}]`, finalizer, fault);
    if (!finalizer.includes('/') && !standard.includes(finalizer)) {
      faults.invalid(
        `metadata.finalizers[${index}]`,
        finalizer,
        'name is neither a standard finalizer name nor is it fully qualified',
      );
    }
  });
  if (!old) return;
  for (const field of immutable) {
    if (metadata[field] !== old.metadata[field])
      faults.invalid(`metadata.${field}`, metadata[field], 'field is immutable');
  }
  const added = (metadata.finalizers ?? []).filter((finalizer) => !old.metadata.finalizers?.includes(finalizer));
  if (old.metadata.deletionTimestamp && added.length > 0) {
    faults.forbidden(
      'metadata.finalizers',
      `no new finalizers can be added if the object is being deleted, found new finalizers ${JSON.stringify(added)}`,
    );
  }
}

export function validateLabels(labels: Record<string, string> | undefined, path: string, faults: Faults): void {
  for (const [key, value] of Object.entries(labels ?? {})) {
    for (const fault of qualifiedNameFaults(key)) faults.invalid(path, key, fault);
    for (const fault of labelValueFaults(value)) faults.invalid(path, value, fault);
  }
}

export function validateAnnotations(
  annotations: Record<string, string> | undefined,
  path: string,
  faults: Faults,
): void {
  let size = 0;
  for (const [key, value] of Object.entries(annotations ?? {})) {
    for (const fault of qualifiedNameFaults(key.toLowerCase())) faults.invalid(path, key, fault);
    size += Buffer.byteLength(key) + Buffer.byteLength(value);
  }
  if (size > ANNOTATIONS_LIMIT) faults.tooLong(path, ANNOTATIONS_LIMIT);
}

function validateName(kind: Kind, metadata: Metadata, faults: Faults): void {
  if (!metadata.name) return faults.required('metadata.name', 'name or generateName is required');
  for (const fault of rules[kind.naming ?? 'subdomain'](metadata.name))
    faults.invalid('metadata.name', metadata.name, fault);
}

function validateOwners(metadata: Metadata, faults: Faults): void {
  const owners = metadata.ownerReferences ?? [];
  owners.forEach((owner, index) => {
    for (const field of ['apiVersion', 'kind', 'name', 'uid'] as const) {
      if (!owner[field])
        faults.invalid(`metadata.ownerReferences[${index}].${field}`, owner[field] ?? '', 'must not be empty');
    }
  });
  const controllers = owners.filter((owner) => owner.controller === true);
  if (controllers.length > 1) {
    faults.invalid(
      'metadata.ownerReferences',
      owners,
      `Only one reference can have Controller set to true. Found "true" in references for ${controllers.map((owner) => owner.name).join(' and ')}`,
    );
  }
}
