import { forbidden } from '../api/status-error.ts';
import { type Resource, at, child, copy, isRecord, records, same } from '../resource.ts';
import { quantityNano } from '../schema/quantity.ts';
import type { Store } from '../store/store.ts';
import type { Faults } from '../validation/faults.ts';
import { accessModes, validateAccessModes } from './access-modes.ts';
import { age, field, nameColumn } from './columns.ts';
import type { Kind } from './kind.ts';
import { isDefaultClass } from './storage-class.ts';

/** Keeps a claim until no pod uses it. */
export const PROTECTION = 'kubernetes.io/pvc-protection';

const CLASSES = 'storage.k8s.io/storageclasses';

export const persistentVolumeClaims: Kind = {
  group: '',
  version: 'v1',
  kind: 'PersistentVolumeClaim',
  plural: 'persistentvolumeclaims',
  namespaced: true,
  shortNames: ['pvc'],
  type: 'io.k8s.api.core.v1.PersistentVolumeClaim',
  hasStatus: true,
  returnsDeleted: true,
  defaults(draft) {
    defaultClaim(draft);
    // Times that nobody gave are written all the same.
    for (const condition of records(at(draft, 'status', 'conditions'))) {
      condition.lastProbeTime ??= null;
      condition.lastTransitionTime ??= null;
    }
  },
  admit(draft, store) {
    draft.metadata.finalizers = [...new Set([...(draft.metadata.finalizers ?? []), PROTECTION])];
    const spec = child(draft, 'spec');
    const standard = spec.storageClassName === undefined ? store.list(CLASSES).find(isDefaultClass) : undefined;
    if (standard) spec.storageClassName = standard.metadata.name;
  },
  initialStatus: () => ({ phase: 'Pending' }),
  validate(draft, faults, old) {
    validateAccessModes(at(draft, 'spec', 'accessModes'), faults, 'at least 1 access mode is required');
    const storage = requestOf(draft);
    if (storage === undefined) faults.required('spec.resources[storage]');
    else if (sizeOf(storage) <= 0n) faults.invalid('spec.resources[storage]', storage, 'must be greater than zero');
    if (old) validateClaimUpdate(draft, old, faults);
  },
  admitUpdate: admitExpansion,
  columns: [
    nameColumn,
    field('Status', 'status.phase'),
    field('Volume', 'spec.volumeName'),
    field('Capacity', 'status.capacity.storage'),
    { name: 'Access Modes', cell: (object) => accessModes(at(object, 'status', 'accessModes')) },
    field('StorageClass', 'spec.storageClassName'),
    field('VolumeAttributesClass', 'spec.volumeAttributesClassName', '<unset>'),
    age,
    field('VolumeMode', 'spec.volumeMode', '', { priority: 1 }),
  ],
};

/** Also for the claim templates of a StatefulSet. */
export function defaultClaim(draft: object): void {
  if (isRecord(draft)) child(draft, 'spec').volumeMode ??= 'Filesystem';
}

/** The size in billionths of a byte; 0 where there is none. */
export function sizeOf(quantity: unknown): bigint {
  return quantityNano(String(quantity ?? '0')) ?? 0n;
}

export function requestOf(claim: Resource): unknown {
  return at(claim, 'spec', 'resources', 'requests', 'storage');
}

/** Of a bound claim the size may grow, or go back to above what it has; nothing else changes, once the volume is named. */
function validateClaimUpdate(draft: Resource, old: Resource, faults: Faults): void {
  const bound = at(old, 'status', 'phase') === 'Bound';
  const free = at(old, 'spec', 'volumeName') === undefined;
  if (!same(fixedSpec(draft, bound, free), fixedSpec(old, bound, free))) {
    faults.forbidden(
      'spec',
      'spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims\n',
    );
  }
  const [wanted, before] = [sizeOf(requestOf(draft)), sizeOf(requestOf(old))];
  if (wanted < before && wanted <= sizeOf(at(old, 'status', 'capacity', 'storage')))
    faults.forbidden('spec.resources.requests.storage', 'field can not be less than status.capacity');
}

function fixedSpec(claim: Resource, bound: boolean, free: boolean): Record<string, unknown> {
  const spec = copy(isRecord(claim.spec) ? claim.spec : {});
  if (bound && isRecord(spec.resources)) delete spec.resources.requests;
  if (bound) delete spec.volumeAttributesClassName;
  if (free) delete spec.volumeName;
  return spec;
}

/** A claim grows where its class lets it. */
function admitExpansion(draft: Resource, old: Resource, store: Store): void {
  if (sizeOf(requestOf(draft)) <= sizeOf(requestOf(old))) return;
  const name = draft.metadata.name;
  if (at(old, 'status', 'phase') !== 'Bound')
    throw forbidden(persistentVolumeClaims, name, 'Only bound persistent volume claims can be expanded');
  const className = at(old, 'spec', 'storageClassName');
  const found = typeof className === 'string' ? store.get(CLASSES, undefined, className) : undefined;
  if (found?.allowVolumeExpansion === true) return;
  throw forbidden(
    persistentVolumeClaims,
    name,
    'only dynamically provisioned pvc can be resized and the storageclass that provisions the pvc must support resize',
  );
}
