import { as } from '../resource.ts';
import type { Pod } from '../shapes.ts';
import { restarts } from '../kinds/pod-columns.ts';
import { isReady } from './pods.ts';

const PHASES = ['Pending', 'Unknown', 'Running'];
const COST = 'controller.kubernetes.io/pod-deletion-cost';

/** Which pods a ReplicaSet gives up first: unplaced, not running, not ready, cheap, crowded, young, often restarted ones. */
export function inDeletionOrder(pods: Pod[]): Pod[] {
  const neighbours = new Map<string, number>();
  for (const pod of pods)
    if (pod.spec.nodeName) neighbours.set(pod.spec.nodeName, (neighbours.get(pod.spec.nodeName) ?? 0) + 1);
  const crowd = (pod: Pod): number => neighbours.get(pod.spec.nodeName ?? '') ?? 0;
  return [...pods].sort(
    (a, b) =>
      Number(Boolean(a.spec.nodeName)) - Number(Boolean(b.spec.nodeName)) ||
      PHASES.indexOf(a.status.phase ?? '') - PHASES.indexOf(b.status.phase ?? '') ||
      Number(isReady(a)) - Number(isReady(b)) ||
      cost(a) - cost(b) ||
      crowd(b) - crowd(a) ||
      restarts(as(b)) - restarts(as(a)) ||
      (b.metadata.creationTimestamp ?? '').localeCompare(a.metadata.creationTimestamp ?? ''),
  );
}

function cost(pod: Pod): number {
  return Number(pod.metadata.annotations?.[COST] ?? 0) || 0;
}
