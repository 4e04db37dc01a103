import { isKubernetesError } from '../kubernetes/errors.ts';
import { controllerOf, type KubernetesObject } from '../kubernetes/object.ts';
import type { ClusterReader } from '../kubernetes/reader.ts';
import { listAt, textAt } from '../kubernetes/value-at.ts';
import type { PodGroup } from './pod-group.ts';
import type { TouchedService } from './touched-services.ts';

export interface Dependant {
  kind: string;
  namespace: string;
  name: string;
  /** In words: `scales Deployment web`. */
  by: string;
}

/** What owns the pods, scales their workload, or sends to their Services: by owner and by reference, in their namespaces only. */
export async function dependantsOf(
  cluster: ClusterReader,
  groups: readonly PodGroup[],
  services: readonly TouchedService[],
): Promise<Dependant[]> {
  const workloads = groups.flatMap(({ workload }) => workload ?? []);
  const autoscalers = await listed(cluster, workloads, {
    apiVersion: 'autoscaling/v2',
    kind: 'HorizontalPodAutoscaler',
  });
  const ingresses = await listed(
    cluster,
    services.map(({ namespace }) => ({ metadata: { namespace } })),
    { apiVersion: 'networking.k8s.io/v1', kind: 'Ingress' },
  );
  return [
    ...ownersOf(groups),
    ...autoscalers.flatMap((autoscaler) => {
      const [kind, name] = [
        textAt(autoscaler, ['spec', 'scaleTargetRef', 'kind']),
        textAt(autoscaler, ['spec', 'scaleTargetRef', 'name']),
      ];
      const scales = workloads.some(
        (workload) =>
          workload.kind === kind &&
          workload.metadata.name === name &&
          workload.metadata.namespace === autoscaler.metadata.namespace,
      );
      return scales ? [dependant(autoscaler, `scales ${kind} ${name}`)] : [];
    }),
    ...ingresses.flatMap((ingress) => {
      const to = [...backendsOf(ingress)].find((name) =>
        services.some((service) => service.name === name && service.namespace === ingress.metadata.namespace),
      );
      return to === undefined ? [] : [dependant(ingress, `sends to Service ${to}`)];
    }),
  ];
}

async function listed(
  cluster: ClusterReader,
  objects: readonly { metadata: { namespace?: string } }[],
  query: { apiVersion: string; kind: string },
): Promise<KubernetesObject[]> {
  const namespaces = new Set(objects.flatMap(({ metadata }) => metadata.namespace ?? []));
  const lists = await Promise.all(
    [...namespaces].map((namespace) =>
      cluster.list({ ...query, namespace }).catch((error: unknown) => {
        // A server that does not know the kind has none.
        if (isKubernetesError(error, 'notFound')) return { items: [] };
        throw error;
      }),
    ),
  );
  return lists.flatMap(({ items }) => items);
}

function ownersOf(groups: readonly PodGroup[]): Dependant[] {
  const owners = new Map<string, Dependant>();
  for (const { workload, pods } of groups) {
    if (workload) continue;
    for (const pod of pods) {
      const owner = controllerOf(pod);
      const { namespace = '' } = pod.metadata;
      if (owner) owners.set(owner.uid, { kind: owner.kind, namespace, name: owner.name, by: 'makes such pods anew' });
    }
  }
  return [...owners.values()];
}

function dependant({ kind, metadata: { namespace = '', name } }: KubernetesObject, by: string): Dependant {
  return { kind, namespace, name, by };
}

function backendsOf(ingress: KubernetesObject): Set<string> {
  const rules = listAt(ingress, ['spec', 'rules']).flatMap((rule) => listAt(rule, ['http', 'paths']));
  const names = [
    textAt(ingress, ['spec', 'defaultBackend', 'service', 'name']),
    ...rules.map((path) => textAt(path, ['backend', 'service', 'name'])),
  ];
  return new Set(names.flatMap((name) => name ?? []));
}
