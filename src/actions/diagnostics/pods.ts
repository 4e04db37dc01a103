import { controllerOf, type KubernetesObject } from '../../kubernetes/object.ts';
import { isReadyToStay } from '../../kubernetes/conditions.ts';
import { containerStatesOf } from '../../kubernetes/container-state.ts';
import { finishedPhase } from '../../kubernetes/pod-state.ts';
import type { ClusterReader } from '../../kubernetes/reader.ts';
import { formatSelector } from '../../kubernetes/selectors.ts';
import { selectorTextOf } from '../../kubernetes/selector-of.ts';
import { listAt, textAt, valueAt } from '../../kubernetes/value-at.ts';
import { podsOf } from '../planning/pods-of-workload.ts';

/** A namespace or a node may have more pods than a report can tell of. */
const mostPods = 500;

/** The pods that a report on the object is about, those that fare worst first. */
export async function podsAbout(cluster: ClusterReader, object: KubernetesObject): Promise<KubernetesObject[]> {
  const pods = await podsInAnyOrder(cluster, object);
  return pods.toSorted((a, b) => troubleOf(b) - troubleOf(a) || a.metadata.name.localeCompare(b.metadata.name));
}

async function podsInAnyOrder(cluster: ClusterReader, object: KubernetesObject): Promise<KubernetesObject[]> {
  const { name, namespace } = object.metadata;
  switch (object.kind) {
    case 'Pod':
      return [object];
    case 'Deployment':
    case 'StatefulSet':
    case 'DaemonSet':
    case 'ReplicaSet':
    case 'Job':
      return (await podsOf(cluster, object)).map(({ pod }) => pod);
    case 'CronJob':
      return podsOfCronJob(cluster, object);
    case 'Node':
      return pods(cluster, { fieldSelector: `spec.nodeName=${name}` });
    case 'Namespace':
      return pods(cluster, { namespace: name });
    case 'PersistentVolumeClaim':
      return (await pods(cluster, { namespace })).filter((pod) => claimsOf(pod).includes(name));
    default:
      return podsSelectedBy(cluster, object);
  }
}

async function pods(
  cluster: ClusterReader,
  where: { namespace?: string | undefined; labelSelector?: string; fieldSelector?: string },
): Promise<KubernetesObject[]> {
  const { namespace, ...selectors } = where;
  const query = { apiVersion: 'v1', kind: 'Pod', ...(namespace ? { namespace } : {}), ...selectors };
  return (await cluster.list(query, { limit: mostPods })).items;
}

async function podsOfCronJob(cluster: ClusterReader, cronJob: KubernetesObject): Promise<KubernetesObject[]> {
  const { namespace, uid } = cronJob.metadata;
  const jobs = await cluster.list({ apiVersion: 'batch/v1', kind: 'Job', ...(namespace ? { namespace } : {}) });
  const own = jobs.items.filter((job) => controllerOf(job)?.uid === uid).map((job) => job.metadata.uid);
  const ofJobs = await pods(cluster, { namespace, labelSelector: 'batch.kubernetes.io/job-name' });
  return ofJobs.filter((pod) => own.includes(controllerOf(pod)?.uid));
}

/** Of a Service or a budget; other kinds select none. */
async function podsSelectedBy(cluster: ClusterReader, object: KubernetesObject): Promise<KubernetesObject[]> {
  const { namespace } = object.metadata;
  const labelSelector = object.kind === 'Service' ? selectorTextOfService(object) : selectorTextOf(object);
  return labelSelector ? pods(cluster, { namespace, labelSelector }) : [];
}

function selectorTextOfService(service: KubernetesObject): string | undefined {
  const labels = valueAt(service, ['spec', 'selector']);
  if (typeof labels !== 'object' || labels === null || Array.isArray(labels)) return undefined;
  const pairs = Object.entries(labels).filter((pair): pair is [string, string] => typeof pair[1] === 'string');
  return formatSelector({ matchLabels: Object.fromEntries(pairs) }) || undefined;
}

function claimsOf(pod: KubernetesObject): string[] {
  return listAt(pod, ['spec', 'volumes']).flatMap(
    (volume) => textAt(volume, ['persistentVolumeClaim', 'claimName']) ?? [],
  );
}

/** The higher, the more the pod needs to be looked at. */
function troubleOf(pod: KubernetesObject): number {
  if (finishedPhase(pod) === 'Succeeded') return 0;
  const containers = containerStatesOf(pod);
  const restarts = Math.min(
    containers.reduce((sum, { restarts: count }) => sum + count, 0),
    99,
  );
  return (
    (isReadyToStay(pod) ? 0 : 100) +
    (containers.some(({ state }) => state === 'waiting') ? 200 : 0) +
    (finishedPhase(pod) === 'Failed' ? 50 : 0) +
    restarts
  );
}
