import { at, records } from '../resource.ts';
import { age, field, nameColumn } from './columns.ts';
import type { Kind } from './kind.ts';

const group = 'rbac.authorization.k8s.io';
const createdAt = field('Created At', 'metadata.creationTimestamp');
const role = {
  name: 'Role',
  cell: (object: object) => `${String(at(object, 'roleRef', 'kind'))}/${String(at(object, 'roleRef', 'name'))}`,
};

/** Who may do what. The sandbox itself asks nobody; it is what a SubjectAccessReview is answered from. */
export const roles: Kind = {
  group,
  version: 'v1',
  kind: 'Role',
  plural: 'roles',
  namespaced: true,
  type: 'io.k8s.api.rbac.v1.Role',
  columns: [nameColumn, createdAt],
};

export const clusterRoles: Kind = {
  group,
  version: 'v1',
  kind: 'ClusterRole',
  plural: 'clusterroles',
  namespaced: false,
  type: 'io.k8s.api.rbac.v1.ClusterRole',
  columns: [nameColumn, createdAt],
};

export const roleBindings: Kind = {
  group,
  version: 'v1',
  kind: 'RoleBinding',
  plural: 'rolebindings',
  namespaced: true,
  type: 'io.k8s.api.rbac.v1.RoleBinding',
  defaults: fillInGroups,
  columns: [nameColumn, role, age],
};

export const clusterRoleBindings: Kind = {
  group,
  version: 'v1',
  kind: 'ClusterRoleBinding',
  plural: 'clusterrolebindings',
  namespaced: false,
  type: 'io.k8s.api.rbac.v1.ClusterRoleBinding',
  defaults: fillInGroups,
  columns: [nameColumn, role, age],
};

function fillInGroups(binding: Record<string, unknown>): void {
  for (const reference of records([binding.roleRef])) reference.apiGroup ??= group;
  for (const subject of records(binding.subjects)) if (subject.kind !== 'ServiceAccount') subject.apiGroup ??= group;
}
