import type { ObjectQuery } from '../kubernetes/cluster.ts';
import type { KubernetesObject, ObjectReference } from '../kubernetes/object.ts';
import { type Permission, permissionFor } from '../kubernetes/permission.ts';

/** The query that gives one object: a watch of a single name is as cheap for the API server as a GET. */
export function queryOf({ apiVersion, kind, namespace, name }: ObjectReference): ObjectQuery {
  return { apiVersion, kind, ...(namespace ? { namespace } : {}), fieldSelector: `metadata.name=${name}` };
}

/** What watching the objects of that kind needs. */
export function watchPermissions(kind: Pick<ObjectReference, 'apiVersion' | 'kind'>): Permission[] {
  return [permissionFor(kind, ['list', 'watch'])];
}

/** The object that the reference means; another under the same name is not it. */
export function found(target: ObjectReference, objects: readonly KubernetesObject[]): KubernetesObject | undefined {
  return objects.find(
    ({ metadata }) => metadata.name === target.name && (target.uid === undefined || metadata.uid === target.uid),
  );
}
