import { changeKind } from '../changes/change-kinds.ts';
import type { Plan } from '../changes/plan.ts';
import { isReadyToStay } from '../kubernetes/conditions.ts';
import { describeReference } from '../kubernetes/describe-reference.ts';
import { controllerOf, type KubernetesObject, type ObjectReference, referenceTo } from '../kubernetes/object.ts';
import type { ClusterReader } from '../kubernetes/reader.ts';
import { numberAt } from '../kubernetes/value-at.ts';
import { rolledOut, takesPodsFirst } from './rolled-out.ts';
import { objectsOf, readAll, type Rule, writesTo } from './rule.ts';

const mostNamed = 5;

/**
 * A workload that has a single ready replica serves nobody while that is replaced, or once it is scaled to none. One that is
 * not ready serves nobody already, and a rollout that makes the new pod first takes nothing away.
 */
export const singleReplica: Rule = {
  name: 'single_replica',
  denies: 'Taking the only ready replica of a workload, or scaling it to none.',
  codes: ['policy_denied'],
  permissions: [{ apiGroups: ['apps'], resources: ['replicasets', 'statefulsets', 'deployments'], verbs: ['get'] }],

  async judge({ cluster, plan }) {
    const alone = [
      ...scaledToNone(plan),
      ...(await rolledOut(cluster, plan))
        .filter((workload) => isAlone(workload) && numberAt(workload, ['status', 'readyReplicas'], 0) > 0)
        .filter(takesPodsFirst)
        .map(referenceTo),
      ...(await evictedAlone(cluster, plan)),
    ];
    if (alone.length === 0) return undefined;
    const named = alone.slice(0, mostNamed).map(describeReference).join(', ');
    const more = alone.length > mostNamed ? ` and ${alone.length - mostNamed} more` : '';
    return {
      verdict: 'deny',
      code: 'policy_denied',
      reason: `${named}${more} would have no ready pod for a while: there is no other replica`,
      hint: 'Scale it up first, or let safety.rules.single_replica in the settings allow it',
    };
  },
};

function scaledToNone(plan: Plan): ObjectReference[] {
  return writesTo(plan)
    .filter(
      (change) =>
        change.kind === 'patch' &&
        change.edits.some(({ path, from, to }) => path.join('.') === 'spec.replicas' && to === 0 && from !== 0),
    )
    .map((change) => changeKind(change).target(change));
}

async function evictedAlone(cluster: ClusterReader, plan: Plan): Promise<ObjectReference[]> {
  const leaving = writesTo(plan).filter(
    (change) => (change.kind === 'evict' || change.kind === 'delete') && change.target.kind === 'Pod',
  );
  if (leaving.length === 0) return [];
  const pods = (await objectsOf(cluster, leaving)).filter(isReadyToStay);
  const owners = pods.flatMap((pod) => {
    const owner = controllerOf(pod);
    const { namespace } = pod.metadata;
    if (!owner || !namespace || !['ReplicaSet', 'StatefulSet'].includes(owner.kind)) return [];
    return [{ apiVersion: owner.apiVersion, kind: owner.kind, namespace, name: owner.name }];
  });
  return (await readAll(cluster, owners)).filter(isAlone).map(referenceTo);
}

function isAlone(workload: KubernetesObject): boolean {
  return numberAt(workload, ['spec', 'replicas'], 1) === 1;
}
