import type { Change } from '../changes/change.ts';
import { isReadyToStay } from '../kubernetes/conditions.ts';
import { budgetsOf } from '../kubernetes/disruption-budgets.ts';
import { isKubernetesError } from '../kubernetes/errors.ts';
import { controllerOf, type KubernetesObject } from '../kubernetes/object.ts';
import type { ClusterReader } from '../kubernetes/reader.ts';
import { taintFrom, tolerates } from '../kubernetes/taints.ts';
import { listAt, numberAt } from '../kubernetes/value-at.ts';
import { objectsOf } from '../policy/rule.ts';
import type { PodGroup } from './pod-group.ts';

/**
 * The pods that some of the changes take away by name, or drive from a node, in groups by what holds them back: evictions
 * wait for their budget; a deletion, a taint and a label that is taken off ask none.
 */
export async function takenPods(cluster: ClusterReader, changes: readonly Change[]): Promise<PodGroup[]> {
  const byName = changes.filter(takesPod);
  const [named, driven] = await Promise.all([
    byName.length > 0 ? objectsOf(cluster, byName) : [],
    Promise.all(changes.map((change) => drivenOut(cluster, change))),
  ]);
  const pods = new Map(named.map((pod) => [pod.metadata.uid, pod]));
  const budgets = await budgetsOf(
    cluster,
    byName.flatMap((change) => (change.kind === 'evict' && change.budget ? (change.target.namespace ?? []) : [])),
  );
  const groups = Map.groupBy(byName, (change) =>
    change.kind === 'evict' && change.budget ? `${change.target.namespace}/${change.budget}` : '',
  );
  const counted = new Set<string>();
  const found = [...groups].map(([key, members]) => {
    const own = members.flatMap((change) => ('target' in change ? (pods.get(change.target.uid) ?? []) : []));
    const budget = budgets.find(({ metadata }) => key === `${metadata.namespace}/${metadata.name}`);
    // A budget without room for now gets some later, one at a time.
    return { own, allowed: budget ? Math.max(1, numberAt(budget, ['status', 'disruptionsAllowed'], 0)) : Infinity };
  });
  const all = [...found, ...driven.filter((own) => own.length > 0).map((own) => ({ own, allowed: Infinity }))];
  return await Promise.all(
    all.map(async ({ own, allowed }) => ({
      pods: own,
      ready: await readyOfOwners(cluster, own, counted),
      touched: own.length,
      missing: Math.min(own.filter(isReadyToStay).length, allowed),
      forGood: own.every((pod) => !controllerOf(pod)),
    })),
  );
}

function takesPod(change: Change): boolean {
  if (!('target' in change) || change.target.kind !== 'Pod') return false;
  if (change.kind === 'evict' || change.kind === 'delete') return true;
  return change.kind === 'patch' && change.edits.some(({ path }) => path[0] === 'metadata' && path[1] === 'labels');
}

/** The pods of a node that a new taint drives out. */
async function drivenOut(cluster: ClusterReader, change: Change): Promise<KubernetesObject[]> {
  if (change.kind !== 'patch' || change.target.kind !== 'Node') return [];
  const edit = change.edits.find(({ path }) => path.join('.') === 'spec.taints');
  const before = JSON.stringify(edit?.from ?? []);
  const driving = listAt(edit?.to, [])
    .filter((taint) => !before.includes(JSON.stringify(taint)))
    .map(taintFrom)
    .filter(({ effect }) => effect === 'NoExecute');
  if (driving.length === 0) return [];
  const fieldSelector = `spec.nodeName=${change.target.name}`;
  const { items } = await cluster.list({ apiVersion: 'v1', kind: 'Pod', fieldSelector });
  return items.filter((pod) => driving.some((taint) => !tolerates(pod['spec'], taint)));
}

/** Ready pods of the workloads that made them, each counted once; of others themselves. */
async function readyOfOwners(
  cluster: ClusterReader,
  pods: readonly KubernetesObject[],
  counted: Set<string>,
): Promise<number> {
  const owners = new Map<string, { kind: string; apiVersion: string; namespace: string; name: string }>();
  let alone = 0;
  for (const pod of pods) {
    const owner = controllerOf(pod);
    const { namespace } = pod.metadata;
    if (!owner || !namespace || !['ReplicaSet', 'StatefulSet'].includes(owner.kind))
      alone += Number(isReadyToStay(pod));
    else if (!counted.has(owner.uid)) owners.set(owner.uid, { ...owner, namespace });
  }
  for (const uid of owners.keys()) counted.add(uid);
  const ready = await Promise.all(
    [...owners.values()].map(async ({ apiVersion, kind, namespace, name }) => {
      try {
        return numberAt(await cluster.get({ apiVersion, kind, namespace, name }), ['status', 'readyReplicas'], 0);
      } catch (error) {
        if (isKubernetesError(error, 'notFound')) return 0;
        throw error;
      }
    }),
  );
  return ready.reduce((sum, one) => sum + one, alone);
}
