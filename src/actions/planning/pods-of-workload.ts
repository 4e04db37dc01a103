import { controllerOf, type KubernetesObject } from '../../kubernetes/object.ts';
import { ownerChain } from '../../kubernetes/owner-chain.ts';
import type { ClusterReader } from '../../kubernetes/reader.ts';
import { selectorTextOf } from '../../kubernetes/selector-of.ts';

/** A pod that a workload has, and the object that makes it again: the workload itself, or a ReplicaSet of it. */
export interface OwnedPod {
  pod: KubernetesObject;
  controller: KubernetesObject;
}

/**
 * The pods that belong to a Deployment, ReplicaSet, StatefulSet, DaemonSet or Job. A selector alone may name another's
 * as well, so each pod's owner is looked at; a ReplicaSet is read once for all its pods.
 */
export async function podsOf(cluster: ClusterReader, workload: KubernetesObject): Promise<OwnedPod[]> {
  const labelSelector = selectorTextOf(workload);
  if (!labelSelector) return [];
  const { namespace, uid } = workload.metadata;
  const { items } = await cluster.list({
    apiVersion: 'v1',
    kind: 'Pod',
    ...(namespace ? { namespace } : {}),
    labelSelector,
  });
  const owned = await Promise.all(
    items.map(async (pod): Promise<OwnedPod[]> => {
      if (controllerOf(pod)?.uid === uid) return [{ pod, controller: workload }];
      if (workload.kind !== 'Deployment') return [];
      const [owner] = await ownerChain(cluster, pod, ['ReplicaSet']);
      return owner?.object && controllerOf(owner.object)?.uid === uid ? [{ pod, controller: owner.object }] : [];
    }),
  );
  return owned.flat();
}
