import { at, same } from '../resource.ts';
import { age, nameColumn } from './columns.ts';
import type { Kind } from './kind.ts';

export const controllerRevisions: Kind = {
  group: 'apps',
  version: 'v1',
  kind: 'ControllerRevision',
  plural: 'controllerrevisions',
  namespaced: true,
  type: 'io.k8s.api.apps.v1.ControllerRevision',
  validate(draft, faults, old) {
    if (draft.data === undefined) faults.required('data', 'data is mandatory');
    if (typeof draft.revision === 'number' && draft.revision < 0)
      faults.invalid('revision', draft.revision, 'must be greater than or equal to 0');
    if (old && !same(draft.data, old.data)) faults.invalid('data', draft.data, 'field is immutable');
  },
  columns: [
    nameColumn,
    {
      name: 'Controller',
      cell(object) {
        const owner = object.metadata.ownerReferences?.find((reference) => reference.controller);
        if (!owner) return '<none>';
        const [group] = owner.apiVersion.includes('/') ? owner.apiVersion.split('/') : [''];
        return `${owner.kind.toLowerCase()}${group ? `.${group}` : ''}/${owner.name}`;
      },
    },
    { name: 'Revision', cell: (object) => String(at(object, 'revision') ?? 0) },
    age,
  ],
};
