import { at, child } from '../resource.ts';
import { age, nameColumn } from './columns.ts';
import type { Kind } from './kind.ts';

export const namespaces: Kind = {
  group: '',
  version: 'v1',
  kind: 'Namespace',
  plural: 'namespaces',
  namespaced: false,
  naming: 'label',
  shortNames: ['ns'],
  verbs: ['create', 'delete', 'get', 'list', 'patch', 'update', 'watch'],
  type: 'io.k8s.api.core.v1.Namespace',
  hasStatus: true,
  returnsDeleted: true,
  fields: { 'status.phase': (object) => String(at(object, 'status', 'phase') ?? '') },
  ownFieldRefusal: true,
  defaults(draft) {
    const metadata = draft.metadata;
    metadata.labels = { ...metadata.labels, 'kubernetes.io/metadata.name': metadata.name };
    child(draft, 'spec').finalizers ??= ['kubernetes'];
  },
  initialStatus: () => ({ phase: 'Active' }),
  columns: [nameColumn, { name: 'Status', cell: (object) => String(at(object, 'status', 'phase') ?? '') }, age],
};
