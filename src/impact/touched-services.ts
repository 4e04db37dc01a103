import { isReadyToStay } from '../kubernetes/conditions.ts';
import type { KubernetesObject } from '../kubernetes/object.ts';
import type { ClusterReader } from '../kubernetes/reader.ts';
import { listAt, textAt, valueAt } from '../kubernetes/value-at.ts';
import type { PodGroup } from './pod-group.ts';

export interface TouchedService {
  namespace: string;
  name: string;
  /** Ready endpoints, each pod once. */
  endpoints_before: number;
  endpoints_during: number;
}

const serviceName = 'kubernetes.io/service-name';

/** The Services that send to some of the pods, and what is left of their endpoints meanwhile. */
export async function touchedServices(cluster: ClusterReader, groups: readonly PodGroup[]): Promise<TouchedService[]> {
  const namespaces = new Set(groups.flatMap(({ pods }) => pods.flatMap(({ metadata }) => metadata.namespace ?? [])));
  const found = await Promise.all(
    [...namespaces].map(async (namespace) => {
      const [services, slices] = await Promise.all([
        cluster.list({ apiVersion: 'v1', kind: 'Service', namespace }),
        cluster.list({
          apiVersion: 'discovery.k8s.io/v1',
          kind: 'EndpointSlice',
          namespace,
          labelSelector: serviceName,
        }),
      ]);
      return services.items.flatMap((service) => touchedBy(groups, service, slices.items));
    }),
  );
  return found.flat();
}

function touchedBy(
  groups: readonly PodGroup[],
  { metadata: { namespace = '', name } }: KubernetesObject,
  slices: readonly KubernetesObject[],
): TouchedService[] {
  const ready = readyEndpoints(slices.filter(({ metadata }) => metadata.labels?.[serviceName] === name));
  const served = groups.filter(({ pods }) => pods.some(({ metadata }) => ready.has(metadata.uid ?? '')));
  if (served.length === 0) return [];
  const missing = served.reduce((sum, { pods, missing: most }) => {
    const own = pods.filter((pod) => isReadyToStay(pod) && ready.has(pod.metadata.uid ?? '')).length;
    return sum + Math.min(own, most);
  }, 0);
  return [{ namespace, name, endpoints_before: ready.size, endpoints_during: Math.max(0, ready.size - missing) }];
}

/** UIDs of the pods behind it: a pod stands in one slice for each family of addresses. */
function readyEndpoints(slices: readonly KubernetesObject[]): Set<string> {
  return new Set(
    slices
      .flatMap((slice) => listAt(slice, ['endpoints']))
      .filter((endpoint) => valueAt(endpoint, ['conditions', 'ready']) !== false)
      .flatMap((endpoint) => textAt(endpoint, ['targetRef', 'uid']) ?? []),
  );
}
