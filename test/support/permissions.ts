import type { Action } from '../../src/actions/define.ts';
import { findKind } from '../../src/kubernetes/kinds.ts';
import { type Permission, permissionFor } from '../../src/kubernetes/permission.ts';

/** What the executor itself asks for an action: `get` of its target, and of what lies between a pod and its workload. */
export function permissionsOfTargets(action: Action): Permission[] {
  const owners = ['Pod', 'ReplicaSet'];
  return [...action.targets, ...owners].flatMap((kind) => {
    const known = findKind(kind);
    return known ? [permissionFor(known, ['get'])] : [];
  });
}
