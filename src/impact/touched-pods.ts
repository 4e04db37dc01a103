import type { Change } from '../changes/change.ts';
import type { Plan } from '../changes/plan.ts';
import { isReadyToStay } from '../kubernetes/conditions.ts';
import type { KubernetesObject } from '../kubernetes/object.ts';
import type { ClusterReader } from '../kubernetes/reader.ts';
import { selectorTextOf } from '../kubernetes/selector-of.ts';
import { numberAt, textAt, valueAt } from '../kubernetes/value-at.ts';
import { unavailableOf } from '../policy/rolled-out.ts';
import { objectsOf, writesTo } from '../policy/rule.ts';
import type { PodGroup } from './pod-group.ts';
import { takenPods } from './taken-pods.ts';

const workloads = ['Deployment', 'StatefulSet', 'DaemonSet', 'ReplicaSet'];

/** The pods that a plan takes away, replaces or makes fewer, in groups. Reads those workloads and their pods, and no others. */
export async function touchedPods(cluster: ClusterReader, plan: Plan): Promise<PodGroup[]> {
  const changes = writesTo(plan);
  const [taken, ...rest] = await Promise.all([
    takenPods(cluster, changes),
    ...changes.flatMap((change) => {
      const of = workloadChange(change);
      return of ? [ofWorkload(cluster, change, of)] : [];
    }),
  ]);
  return [...taken, ...rest.filter((group) => group !== undefined)];
}

type WorkloadChange = { replicasTo: number } | 'rolled_out';

function workloadChange(change: Change): WorkloadChange | undefined {
  if ((change.kind !== 'patch' && change.kind !== 'restart') || !workloads.includes(change.target.kind))
    return undefined;
  const scaled = change.edits.find(({ path }) => path.join('.') === 'spec.replicas');
  if (typeof scaled?.to === 'number') return { replicasTo: scaled.to };
  return change.edits.some(({ path }) => path[0] === 'spec' && path[1] === 'template') ? 'rolled_out' : undefined;
}

async function ofWorkload(cluster: ClusterReader, change: Change, of: WorkloadChange): Promise<PodGroup | undefined> {
  const [workload] = await objectsOf(cluster, [change]);
  const { namespace } = workload?.metadata ?? {};
  const labelSelector = workload && selectorTextOf(workload);
  if (!workload || !namespace || labelSelector === undefined) return undefined;
  const { items: pods } = await cluster.list({ apiVersion: 'v1', kind: 'Pod', namespace, labelSelector });
  const ready = pods.filter(isReadyToStay).length;
  if (of === 'rolled_out') {
    const missing = Math.min(ready, unavailableAtOnce(workload, pods.length));
    return { workload, pods, ready, touched: pods.length, missing, forGood: false };
  }
  const fewer = Math.max(0, pods.length - of.replicasTo);
  return { workload, pods, ready, touched: fewer, missing: Math.max(0, ready - of.replicasTo), forGood: true };
}

/** How many ready pods a rollout may leave out at one time. */
function unavailableAtOnce(workload: KubernetesObject, pods: number): number {
  const replicas = numberAt(workload, ['spec', 'replicas'], pods);
  switch (workload.kind) {
    case 'StatefulSet':
      return textAt(workload, ['spec', 'updateStrategy', 'type']) === 'OnDelete' ? 0 : 1;
    case 'DaemonSet':
      return daemonSetUnavailable(
        valueAt(workload, ['spec', 'updateStrategy', 'rollingUpdate', 'maxUnavailable']),
        pods,
      );
    default:
      if (textAt(workload, ['spec', 'strategy', 'type']) === 'Recreate') return pods;
      return deploymentUnavailable(workload, replicas);
  }
}

/** Where neither a pod more nor a pod less is allowed, the controller lets one go. */
function deploymentUnavailable(workload: KubernetesObject, replicas: number): number {
  const rolling = ['spec', 'strategy', 'rollingUpdate'];
  const unavailable = unavailableOf(valueAt(workload, [...rolling, 'maxUnavailable']), replicas);
  const surge = valueAt(workload, [...rolling, 'maxSurge']);
  return unavailable === 0 && (surge === 0 || surge === '0%') ? 1 : unavailable;
}

/** A share is rounded up; one by default. */
function daemonSetUnavailable(value: unknown, pods: number): number {
  if (typeof value === 'number') return value;
  const percent = typeof value === 'string' && value.endsWith('%') ? Number(value.slice(0, -1)) : undefined;
  return percent === undefined ? 1 : Math.ceil((pods * percent) / 100);
}
