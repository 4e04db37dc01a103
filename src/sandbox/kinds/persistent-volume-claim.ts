import { at, child, isRecord } from '../resource.ts';
import { age, field, nameColumn } from './columns.ts';
import type { Kind } from './kind.ts';

/** Keeps a claim until no pod uses it. */
export const PROTECTION = 'kubernetes.io/pvc-protection';

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
  defaults: defaultClaim,
  admit(draft) {
    draft.metadata.finalizers = [...new Set([...(draft.metadata.finalizers ?? []), PROTECTION])];
  },
  initialStatus: () => ({ phase: 'Pending' }),
  validate(draft, faults) {
    if (!Array.isArray(at(draft, 'spec', 'accessModes')))
      faults.required('spec.accessModes', 'at least 1 access mode is required');
    if (!at(draft, 'spec', 'resources', 'requests', 'storage')) faults.required('spec.resources[storage]');
  },
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

const SHORT: Record<string, string> = {
  ReadWriteOnce: 'RWO',
  ReadOnlyMany: 'ROX',
  ReadWriteMany: 'RWX',
  ReadWriteOncePod: 'RWOP',
};

function accessModes(modes: unknown): string {
  return Array.isArray(modes) ? modes.map((mode) => SHORT[String(mode)] ?? String(mode)).join(',') : '';
}
