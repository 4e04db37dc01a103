import { isReadyToStay } from '../kubernetes/conditions.ts';
import { mayMatch } from '../kubernetes/node-affinity.ts';
import { controllerOf, type KubernetesObject } from '../kubernetes/object.ts';
import { allocatableOf, requestsOfPod, type ResourceAmounts, sum } from '../kubernetes/pod-requests.ts';
import { finishedPhase } from '../kubernetes/pod-state.ts';
import type { ClusterReader } from '../kubernetes/reader.ts';
import { uncordonedNodes } from '../kubernetes/schedulable-nodes.ts';
import { keepsPodsOff, taintsOf, tolerates } from '../kubernetes/taints.ts';
import { listAt, valueAt } from '../kubernetes/value-at.ts';

export interface Unplaced {
  pod: KubernetesObject;
  why: string;
}

interface Room {
  node: KubernetesObject;
  /** Read when the first pod asks for it. */
  left?: ResourceAmounts;
}

/**
 * Puts the pods on other nodes, the largest first, each on the first that has room: those that don't fit, and why. The
 * pods of a node are read only once a pod may go there. What nothing makes again goes nowhere.
 */
export async function placeElsewhere(
  cluster: ClusterReader,
  pods: readonly KubernetesObject[],
  besides: string,
): Promise<Unplaced[]> {
  const coming = pods.filter((pod) => controllerOf(pod) && !finishedPhase(pod));
  if (coming.length === 0) return [];
  const rooms: Room[] = (await uncordonedNodes(cluster))
    .filter((node) => node.metadata.name !== besides && isReadyToStay(node))
    .map((node) => ({ node }));
  const largestFirst = coming
    .map((pod) => ({ pod, wants: requestsOfPod(pod['spec']) }))
    .toSorted((a, b) => Number(weightOf(b.wants) - weightOf(a.wants)));
  const unplaced: Unplaced[] = [];
  for (const { pod, wants } of largestFirst) {
    const why = await place(cluster, rooms, pod, wants);
    if (why !== undefined) unplaced.push({ pod, why });
  }
  return unplaced;
}

/** Undefined: it has found its place. */
async function place(
  cluster: ClusterReader,
  rooms: Room[],
  pod: KubernetesObject,
  wants: ResourceAmounts,
): Promise<string | undefined> {
  const may = rooms.filter(({ node }) => isMeant(pod, node) && !isKeptOff(pod, node));
  if (may.length === 0) {
    const meant = rooms.filter(({ node }) => isMeant(pod, node)).length;
    return meant === 0
      ? `none of ${rooms.length} other schedulable nodes is one that it selects`
      : `taints keep it off all ${meant} nodes that it selects`;
  }
  for (const room of may) {
    room.left ??= await leftOn(cluster, room.node);
    if (!fits(wants, room.left)) continue;
    room.left = minus(room.left, wants);
    return undefined;
  }
  return `there is not room enough on any of ${may.length} nodes`;
}

function isMeant(pod: KubernetesObject, node: KubernetesObject): boolean {
  const labels = node.metadata.labels ?? {};
  const selector = Object.entries(objectAt(pod, ['spec', 'nodeSelector']));
  const required = ['spec', 'affinity', 'nodeAffinity', 'requiredDuringSchedulingIgnoredDuringExecution'];
  return (
    selector.every(([key, value]) => Object.hasOwn(labels, key) && labels[key] === value) &&
    mayMatch(listAt(pod, [...required, 'nodeSelectorTerms']), labels)
  );
}

function isKeptOff(pod: KubernetesObject, node: KubernetesObject): boolean {
  return taintsOf(node).some((taint) => keepsPodsOff(taint) && !tolerates(pod['spec'], taint));
}

async function leftOn(cluster: ClusterReader, node: KubernetesObject): Promise<ResourceAmounts> {
  const { items } = await cluster.list({
    apiVersion: 'v1',
    kind: 'Pod',
    fieldSelector: `spec.nodeName=${node.metadata.name}`,
  });
  const taken = sum(items.filter((pod) => !finishedPhase(pod)).map((pod) => requestsOfPod(pod['spec'])));
  return minus(allocatableOf(node), taken);
}

function fits(wants: ResourceAmounts, left: ResourceAmounts): boolean {
  return [...wants].every(([name, { nano }]) => nano <= (left.get(name)?.nano ?? 0n));
}

function minus(from: ResourceAmounts, what: ResourceAmounts): ResourceAmounts {
  return new Map(
    [...from].map(([name, { nano, notation }]) => [name, { nano: nano - (what.get(name)?.nano ?? 0n), notation }]),
  );
}

/** Cores and gibibytes count alike: only the order matters. */
function weightOf(wants: ResourceAmounts): bigint {
  return (wants.get('cpu')?.nano ?? 0n) + (wants.get('memory')?.nano ?? 0n) / 2n ** 30n;
}

function objectAt(object: unknown, path: readonly string[]): Record<string, unknown> {
  const value = valueAt(object, path);
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? value : {};
}
