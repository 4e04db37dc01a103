import { controllerOf, type KubernetesObject, type OwnerReference } from './object.ts';
import { finishedPhase, isMirrorPod } from './pod-state.ts';
import { listAt, textAt, valueAt } from './value-at.ts';

/** What the caller of a drain allows, and what was read for it. */
export interface DrainTerms {
  force: boolean;
  deleteLocalData: boolean;
  ignoreDaemonSets: boolean;
  /** UIDs of the DaemonSets that are there; a pod of another is orphaned. */
  daemonSets: ReadonlySet<string>;
}

/**
 * What a drain does with a pod. `evict`: with what is lost by it. `wait`: it is on its way out already. `stay`: it is none
 * of a drain's business, and why. `refuse`: the drain must not begin; why, and which parameter allows it.
 */
export type Fate =
  | { fate: 'evict'; lost: string[] }
  | { fate: 'wait' }
  | { fate: 'stay'; why: string }
  | { fate: 'refuse'; why: string; allowedBy: string };

/** What one rule says: it decides, or names what is lost by an eviction, or has nothing to say. */
type Filter = (pod: KubernetesObject, terms: DrainTerms) => Fate | { lost: string } | undefined;

/** In the order of kubectl's: the first that decides is the one that counts. */
const filters: readonly Filter[] = [mirrorPod, daemonSetPod, leavingPod, finishedPod, localData, unmanagedPod];

/** What becomes of the pod in a drain. Pure. */
export function fateOf(pod: KubernetesObject, terms: DrainTerms): Fate {
  const lost: string[] = [];
  for (const filter of filters) {
    const said = filter(pod, terms);
    if (said && 'fate' in said) return said;
    if (said) lost.push(said.lost);
  }
  return { fate: 'evict', lost };
}

/** The DaemonSet that manages the pod, if one does. As kubectl has it, of whatever API group. */
export function daemonSetOf(pod: KubernetesObject): OwnerReference | undefined {
  const controller = controllerOf(pod);
  return controller?.kind === 'DaemonSet' ? controller : undefined;
}

/** The kubelet runs it from a file on the node; what the API server has is a shadow, which comes back. */
function mirrorPod(pod: KubernetesObject): Fate | undefined {
  return isMirrorPod(pod) ? { fate: 'stay', why: 'mirror pod' } : undefined;
}

/** Its controller ignores that the node is cordoned and would make it again at once. */
function daemonSetPod(pod: KubernetesObject, terms: DrainTerms): ReturnType<Filter> {
  const owner = daemonSetOf(pod);
  if (!owner || finishedPhase(pod)) return undefined;
  if (!terms.daemonSets.has(owner.uid)) {
    const why = `its DaemonSet ${owner.name} is gone, so that nothing would make it again`;
    return terms.force ? { lost: why } : { fate: 'refuse', why, allowedBy: 'force' };
  }
  if (terms.ignoreDaemonSets) return { fate: 'stay', why: 'DaemonSet pod' };
  return {
    fate: 'refuse',
    why: `DaemonSet ${owner.name} manages it and would make it again on this node`,
    allowedBy: 'ignore_daemonsets',
  };
}

/** Its deletion is decided; the drain only waits for it. */
function leavingPod(pod: KubernetesObject): Fate | undefined {
  return pod.metadata.deletionTimestamp ? { fate: 'wait' } : undefined;
}

/** It runs no more: nothing is lost with it, whoever made it. */
function finishedPod(pod: KubernetesObject): Fate | undefined {
  return finishedPhase(pod) ? { fate: 'evict', lost: [] } : undefined;
}

/** An emptyDir is gone with its pod. */
function localData(pod: KubernetesObject, { deleteLocalData }: DrainTerms): ReturnType<Filter> {
  const names = listAt(pod, ['spec', 'volumes'])
    .filter((volume) => valueAt(volume, ['emptyDir']) !== undefined)
    .map((volume) => textAt(volume, ['name']) ?? '?');
  if (names.length === 0) return undefined;
  const why = `it keeps data in emptyDir ${names.join(', ')}, which is lost with it`;
  return deleteLocalData ? { lost: why } : { fate: 'refuse', why, allowedBy: 'delete_local_data' };
}

/** Nothing would make it again. */
function unmanagedPod(pod: KubernetesObject, { force }: DrainTerms): ReturnType<Filter> {
  if (controllerOf(pod)) return undefined;
  const why = 'it has no controller, so that nothing would make it again';
  return force ? { lost: why } : { fate: 'refuse', why, allowedBy: 'force' };
}
