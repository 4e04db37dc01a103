import { holdsCondition } from './conditions.ts';
import type { ListOptions } from './cluster.ts';
import type { KubernetesObject } from './object.ts';
import type { ClusterReader } from './reader.ts';
import { keepsPodsOff, taintsOf } from './taints.ts';
import { valueAt } from './value-at.ts';

/** Some of the nodes that are not cordoned: at most `limit` of them. Their taints may keep pods off all the same. */
export async function uncordonedNodes(
  cluster: ClusterReader,
  { limit }: Pick<ListOptions, 'limit'> = {},
): Promise<KubernetesObject[]> {
  const query = { apiVersion: 'v1', kind: 'Node', fieldSelector: 'spec.unschedulable=false' };
  return (await cluster.list(query, limit === undefined ? {} : { limit })).items;
}

/** Whether it is ready, and takes new pods. */
export function isInService(node: KubernetesObject): boolean {
  return holdsCondition(node, 'Ready') && valueAt(node, ['spec', 'unschedulable']) !== true;
}

/** Whether a pod that tolerates nothing may be put on the node. */
export function takesOrdinaryPods(node: KubernetesObject): boolean {
  return !taintsOf(node).some(keepsPodsOff);
}
