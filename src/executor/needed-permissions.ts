import { permissionsForCallers } from '../callers/asked-of-server.ts';
import type { Action } from '../actions/define.ts';
import { permissionsForImpact } from '../impact/impact.ts';
import { findKind } from '../kubernetes/kinds.ts';
import { type Permission, permissionFor } from '../kubernetes/permission.ts';
import { permissionsForApprovals } from './tell-approval.ts';
import type { Rule } from '../policy/rule.ts';

/** One verb on one resource, and the action or rule that asks for it. */
export interface Need {
  apiGroup: string;
  resource: string;
  verb: string;
  by: string;
}

/** Who asks for what knowing callers by the API server takes; nobody does where they are known otherwise. */
export const whoMayCall = 'who may call';

/** All that those actions, the rules that judge them and the way of their requests ask of the API server. */
export function neededPermissions(actions: readonly Action[], rules: readonly Rule[]): Need[] {
  return [
    ...actions.flatMap((action) => [...action.permissions, ...readsOfRequest(action)].flatMap(needsOf(action.name))),
    ...permissionsForCallers.flatMap(needsOf(whoMayCall)),
    ...permissionsForImpact.flatMap(needsOf('who is touched')),
    ...permissionsForApprovals.flatMap(needsOf('approvals')),
    ...rules.flatMap(({ name, permissions }) => permissions.flatMap(needsOf(name))),
  ];
}

/** What a request for the action reads before and after the action's own part. */
function readsOfRequest({ name, targets, customTargets = [], permissions }: Action): Permission[] {
  return [
    ...targets.map((kind) => readOf(kind, name)),
    ...customTargets.map((kind) => permissionFor(kind, ['get'])),
    // A pod stands for the workload that owns it; between a pod and its Deployment is a ReplicaSet.
    ...(targets.includes('Pod') || !targets.some((kind) => ownersOfPods.includes(kind)) ? [] : [readOf('Pod', name)]),
    ...(targets.includes('Deployment') ? [readOf('ReplicaSet', name)] : []),
    ...permissions.flatMap(readOfWhatIsWritten),
  ];
}

const ownersOfPods = ['Deployment', 'StatefulSet', 'DaemonSet', 'ReplicaSet', 'Job'];

function readOf(kind: string, action: string): Permission {
  const known = findKind(kind);
  if (!known) throw new Error(`${action} acts on ${kind}, which src/kubernetes/kinds.ts does not know; add it there`);
  return permissionFor(known, ['get']);
}

/** The rules judge every object that is to be changed, and a replica that settles another's run looks at it again. */
function readOfWhatIsWritten({ apiGroups, resources, verbs }: Permission): Permission[] {
  return resources.flatMap((resource) => {
    const [object = '', subresource] = resource.split('/');
    const writes = verbs.some((verb) => ['patch', 'update', 'delete'].includes(verb));
    const creates = subresource !== undefined && verbs.includes('create');
    return writes || creates ? [{ apiGroups, resources: [object], verbs: ['get'] }] : [];
  });
}

function needsOf(by: string): (permission: Permission) => Need[] {
  return ({ apiGroups, resources, verbs }) =>
    apiGroups.flatMap((apiGroup) =>
      resources.flatMap((resource) => verbs.map((verb) => ({ apiGroup, resource, verb, by }))),
    );
}
