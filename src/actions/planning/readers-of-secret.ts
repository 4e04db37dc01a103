import { describeReference } from '../../kubernetes/describe-reference.ts';
import { controllerOf, type KubernetesObject, type ObjectReference, referenceTo } from '../../kubernetes/object.ts';
import type { ClusterReader } from '../../kubernetes/reader.ts';
import { valueAt } from '../../kubernetes/value-at.ts';
import { readsSecret } from './reads-secret.ts';

export interface ReadersOfSecret {
  /** Deployments, StatefulSets and DaemonSets whose pods read it. */
  workloads: KubernetesObject[];
  /** Whoever else has running pods that read it: a bare pod, a Job, an operator's own kind. */
  others: ObjectReference[];
}

/** Who reads the Secret, in its namespace: nobody else can. */
export async function readersOfSecret(cluster: ClusterReader, secret: ObjectReference): Promise<ReadersOfSecret> {
  const { namespace = '', name } = secret;
  const [pods, ...lists] = await Promise.all([
    cluster.list({ apiVersion: 'v1', kind: 'Pod', namespace, fieldSelector: unfinished }),
    ...['Deployment', 'StatefulSet', 'DaemonSet'].map((kind) =>
      cluster.list({ apiVersion: 'apps/v1', kind, namespace }),
    ),
  ]);
  const workloads = lists
    .flatMap(({ items }) => items)
    .filter((item) => !item.metadata.deletionTimestamp)
    .filter((item) => readsSecret(valueAt(item, ['spec', 'template', 'spec']), name));
  const others = pods.items
    .filter((pod) => !pod.metadata.deletionTimestamp && readsSecret(pod['spec'], name))
    .filter((pod) => !workloads.some((workload) => owns(workload, pod)))
    .map((pod) => ({ ...(controllerOf(pod) ?? referenceTo(pod)), namespace }));
  const different = new Map(others.map((reference) => [describeReference(reference), reference]));
  return { workloads, others: [...different.values()] };
}

/** The pods of finished Jobs read nothing any more. */
const unfinished = 'status.phase!=Succeeded,status.phase!=Failed';

/** A Deployment's ReplicaSets are called like it, with the hash that their pods carry: they need not be read to know. */
function owns(workload: KubernetesObject, pod: KubernetesObject): boolean {
  const controller = controllerOf(pod);
  if (workload.kind !== 'Deployment') return controller?.uid === workload.metadata.uid;
  const hash = pod.metadata.labels?.['pod-template-hash'];
  return controller?.kind === 'ReplicaSet' && controller.name === `${workload.metadata.name}-${hash}`;
}
