import { at, child, isRecord, same } from '../resource.ts';
import { accessModes, validateAccessModes } from './access-modes.ts';
import { age, field, nameColumn } from './columns.ts';
import type { Kind } from './kind.ts';

/** Keeps a volume while a claim is bound to it. */
export const VOLUME_PROTECTION = 'kubernetes.io/pv-protection';

/** Fields of a volume's spec that are not its source. */
const common = [
  'capacity',
  'accessModes',
  'claimRef',
  'persistentVolumeReclaimPolicy',
  'storageClassName',
  'mountOptions',
  'volumeMode',
  'nodeAffinity',
  'volumeAttributesClassName',
];

export const persistentVolumes: Kind = {
  group: '',
  version: 'v1',
  kind: 'PersistentVolume',
  plural: 'persistentvolumes',
  namespaced: false,
  shortNames: ['pv'],
  type: 'io.k8s.api.core.v1.PersistentVolume',
  hasStatus: true,
  returnsDeleted: true,
  defaults(draft) {
    const spec = child(draft, 'spec');
    spec.persistentVolumeReclaimPolicy ??= 'Retain';
    spec.volumeMode ??= 'Filesystem';
    if (spec.hostPath) child(spec, 'hostPath').type ??= '';
  },
  admit(draft) {
    draft.metadata.finalizers = [...new Set([...(draft.metadata.finalizers ?? []), VOLUME_PROTECTION])];
  },
  initialStatus: (draft) => ({ phase: 'Pending', lastPhaseTransitionTime: draft.metadata.creationTimestamp }),
  validate(draft, faults, old) {
    validateAccessModes(at(draft, 'spec', 'accessModes'), faults, '');
    const capacity = at(draft, 'spec', 'capacity');
    if (!isRecord(capacity)) faults.required('spec.capacity');
    if (!isRecord(capacity) || !('storage' in capacity) || Object.keys(capacity).length > 1)
      faults.unsupported('spec.capacity', capacity ?? null, ['storage']);
    const source = sourceOf(draft.spec);
    if (Object.keys(source).length === 0) faults.required('spec', 'must specify a volume type');
    if (old && !same(source, sourceOf(old.spec)))
      faults.forbidden('spec.persistentvolumesource', 'spec.persistentvolumesource is immutable after creation');
  },
  columns: [
    nameColumn,
    field('Capacity', 'spec.capacity.storage'),
    { name: 'Access Modes', cell: (object) => accessModes(at(object, 'spec', 'accessModes')) },
    field('Reclaim Policy', 'spec.persistentVolumeReclaimPolicy'),
    { name: 'Status', cell: (object) => (object.metadata.deletionTimestamp ? 'Terminating' : phaseOf(object)) },
    {
      name: 'Claim',
      cell: (object) => {
        const claim = at(object, 'spec', 'claimRef');
        return claim ? `${String(at(claim, 'namespace'))}/${String(at(claim, 'name'))}` : '';
      },
    },
    field('StorageClass', 'spec.storageClassName'),
    field('VolumeAttributesClass', 'spec.volumeAttributesClassName', '<unset>'),
    field('Reason', 'status.reason'),
    age,
    field('VolumeMode', 'spec.volumeMode', '', { priority: 1 }),
  ],
};

function sourceOf(spec: unknown): Record<string, unknown> {
  return Object.fromEntries(Object.entries(isRecord(spec) ? spec : {}).filter(([name]) => !common.includes(name)));
}

function phaseOf(object: unknown): string {
  return String(at(object, 'status', 'phase') ?? '');
}
