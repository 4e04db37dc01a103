import type { Change } from '../changes/change.ts';
import type { Plan } from '../changes/plan.ts';
import { isReadyToStay } from '../kubernetes/conditions.ts';
import { budgetsOf } from '../kubernetes/disruption-budgets.ts';
import type { KubernetesObject } from '../kubernetes/object.ts';
import type { ClusterReader } from '../kubernetes/reader.ts';
import { selectorTextOf } from '../kubernetes/selector-of.ts';
import { numberAt, textAt, valueAt } from '../kubernetes/value-at.ts';
import { unavailableOf } from '../policy/rolled-out.ts';
import { objectsOf, writesTo } from '../policy/rule.ts';

/** Pods that go together: those of one workload that is rolled out or scaled, or those under one budget that are taken away. */
export interface PodGroup {
  pods: KubernetesObject[];
  /** How many of them are taken away or replaced in all. */
  touched: number;
  /** How many of the ready ones may be missing at one time. */
  missing: number;
  /** They don't come again: the workload is made smaller, or nothing makes them anew. */
  forGood: boolean;
  /** The workload, where the group is one. */
  workload?: KubernetesObject;
}

const workloads = ['Deployment', 'StatefulSet', 'DaemonSet', 'ReplicaSet'];

/** The pods that a plan takes away, replaces or makes fewer, in groups. Reads those workloads and their pods, and no others. */
export async function touchedPods(cluster: ClusterReader, plan: Plan): Promise<PodGroup[]> {
  const changes = writesTo(plan);
  const [taken, ...rest] = await Promise.all([
    takenPods(
      cluster,
      changes.filter((change) => (change.kind === 'evict' || change.kind === 'delete') && change.target.kind === 'Pod'),
    ),
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
    return { workload, pods, touched: pods.length, missing, forGood: false };
  }
  const fewer = Math.max(0, pods.length - of.replicasTo);
  return { workload, pods, touched: fewer, missing: Math.max(0, ready - of.replicasTo), forGood: true };
}

/** How many ready pods a rollout may leave out at one time. */
function unavailableAtOnce(workload: KubernetesObject, pods: number): number {
  const replicas = numberAt(workload, ['spec', 'replicas'], pods);
  switch (workload.kind) {
    case 'StatefulSet':
      return textAt(workload, ['spec', 'updateStrategy', 'type']) === 'OnDelete' ? 0 : 1;
    case 'DaemonSet':
      return Math.max(
        1,
        shareOf(valueAt(workload, ['spec', 'updateStrategy', 'rollingUpdate', 'maxUnavailable']), pods),
      );
    default:
      if (textAt(workload, ['spec', 'strategy', 'type']) === 'Recreate') return pods;
      return unavailableOf(valueAt(workload, ['spec', 'strategy', 'rollingUpdate', 'maxUnavailable']), replicas);
  }
}

function shareOf(value: unknown, pods: number): number {
  return value === undefined ? 1 : unavailableOf(value, pods);
}

/** Evictions wait for their budget; what is deleted asks none. */
async function takenPods(cluster: ClusterReader, changes: readonly Change[]): Promise<PodGroup[]> {
  if (changes.length === 0) return [];
  const pods = new Map((await objectsOf(cluster, changes)).map((pod) => [pod.metadata.uid, pod]));
  const budgets = await budgetsOf(
    cluster,
    changes.flatMap((change) => (change.kind === 'evict' && change.budget ? (change.target.namespace ?? []) : [])),
  );
  const groups = Map.groupBy(changes, (change) =>
    change.kind === 'evict' && change.budget ? `${change.target.namespace}/${change.budget}` : '',
  );
  return [...groups].map(([key, members]) => {
    const own = members.flatMap((change) => ('target' in change ? (pods.get(change.target.uid) ?? []) : []));
    const budget = budgets.find(({ metadata }) => key === `${metadata.namespace}/${metadata.name}`);
    const ready = own.filter(isReadyToStay).length;
    // A budget without room for now gets some later, one at a time.
    const allowed = budget ? Math.max(1, numberAt(budget, ['status', 'disruptionsAllowed'], 0)) : ready;
    return { pods: own, touched: own.length, missing: Math.min(ready, allowed), forGood: own.every(isAlone) };
  });
}

function isAlone({ metadata }: KubernetesObject): boolean {
  return !metadata.ownerReferences?.some(({ controller }) => controller);
}
