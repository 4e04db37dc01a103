import { type Resource, isRecord, same } from '../resource.ts';
import { age, field } from './columns.ts';
import type { Kind } from './kind.ts';

/** Marks the class of claims that name none. */
const DEFAULT_CLASS = 'storageclass.kubernetes.io/is-default-class';

export const storageClasses: Kind = {
  group: 'storage.k8s.io',
  version: 'v1',
  kind: 'StorageClass',
  plural: 'storageclasses',
  namespaced: false,
  shortNames: ['sc'],
  type: 'io.k8s.api.storage.v1.StorageClass',
  returnsDeleted: true,
  defaults(draft) {
    draft.reclaimPolicy ??= 'Delete';
    draft.volumeBindingMode ??= 'Immediate';
  },
  validate(draft, faults, old) {
    if (old) {
      for (const name of ['parameters', 'provisioner', 'reclaimPolicy', 'volumeBindingMode'])
        if (!same(draft[name], old[name])) faults.invalid(name, draft[name], 'field is immutable');
      return;
    }
    if (!draft.provisioner) faults.required('provisioner');
    if (draft.reclaimPolicy !== 'Delete' && draft.reclaimPolicy !== 'Retain')
      faults.unsupported('reclaimPolicy', draft.reclaimPolicy, ['Delete', 'Retain']);
    if (draft.volumeBindingMode !== 'Immediate' && draft.volumeBindingMode !== 'WaitForFirstConsumer')
      faults.unsupported('volumeBindingMode', draft.volumeBindingMode, ['Immediate', 'WaitForFirstConsumer']);
    if (isRecord(draft.parameters) && Object.keys(draft.parameters).includes(''))
      faults.invalid('parameters', '', 'parameter key must not be empty');
  },
  columns: [
    {
      name: 'Name',
      format: 'name',
      cell: (object) => `${object.metadata.name}${isDefaultClass(object) ? ' (default)' : ''}`,
    },
    field('Provisioner', 'provisioner'),
    field('ReclaimPolicy', 'reclaimPolicy', 'Delete'),
    field('VolumeBindingMode', 'volumeBindingMode', 'Immediate'),
    { name: 'AllowVolumeExpansion', type: 'boolean', cell: (object) => object.allowVolumeExpansion === true },
    age,
  ],
};

export function isDefaultClass(object: Resource): boolean {
  return object.metadata.annotations?.[DEFAULT_CLASS] === 'true';
}
