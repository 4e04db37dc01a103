import type { KubernetesObject } from '../../kubernetes/object.ts';
import type { ClusterReader } from '../../kubernetes/reader.ts';

/** Where the parts of a cluster's network run; whatever else is called like one elsewhere is not meant. */
const system = 'kube-system';

interface Part {
  /** Of the DaemonSet or Deployment. */
  names: readonly string[];
  /** Any of these on it, as `key=value`. */
  labels?: readonly string[];
  namespaces: readonly string[];
}

/** How the well-known parts are installed, by their own manifests and charts. */
const components: Record<string, readonly Part[]> = {
  coredns: [
    { names: ['coredns', 'kube-dns'], labels: ['k8s-app=kube-dns'], namespaces: [system] },
    { names: ['dns-default'], namespaces: ['openshift-dns'] },
  ],
  'kube-proxy': [{ names: ['kube-proxy'], labels: ['k8s-app=kube-proxy'], namespaces: [system] }],
  cni: [
    { names: ['calico-node'], labels: ['k8s-app=calico-node'], namespaces: [system, 'calico-system'] },
    { names: ['canal'], labels: ['k8s-app=canal'], namespaces: [system] },
    { names: ['cilium'], labels: ['k8s-app=cilium'], namespaces: [system, 'cilium'] },
    {
      names: ['kube-flannel-ds', 'kube-flannel'],
      labels: ['k8s-app=flannel', 'app=flannel'],
      namespaces: [system, 'kube-flannel'],
    },
    { names: ['weave-net'], labels: ['name=weave-net'], namespaces: [system, 'weave'] },
    { names: ['kindnet'], labels: ['k8s-app=kindnet', 'app=kindnet'], namespaces: [system] },
    { names: ['aws-node'], labels: ['k8s-app=aws-node'], namespaces: [system] },
    { names: ['azure-cns', 'azure-cni'], labels: ['k8s-app=azure-cns'], namespaces: [system] },
    { names: ['antrea-agent'], namespaces: [system] },
    { names: ['kube-router'], labels: ['k8s-app=kube-router'], namespaces: [system] },
    { names: ['kube-ovn-cni'], namespaces: [system] },
    { names: ['ovnkube-node'], namespaces: ['openshift-ovn-kubernetes', 'ovn-kubernetes'] },
    { names: ['kube-multus-ds', 'multus'], labels: ['app=multus'], namespaces: [system, 'openshift-multus'] },
  ],
};

export const networkComponents = Object.keys(components);

export interface FoundComponent {
  matching: KubernetesObject[];
  /** All that there is in the namespaces that were looked at, for a hint. */
  present: KubernetesObject[];
}

/** The DaemonSets and Deployments of a well-known part, or of that name. */
export async function findNetworkComponent(cluster: ClusterReader, component: string): Promise<FoundComponent> {
  const parts = components[component] ?? [{ names: [component], namespaces: everywhere() }];
  const namespaces = [...new Set(parts.flatMap((part) => part.namespaces))];
  const lists = await Promise.all(
    namespaces.flatMap((namespace) =>
      ['DaemonSet', 'Deployment'].map((kind) => cluster.list({ apiVersion: 'apps/v1', kind, namespace })),
    ),
  );
  const present = lists.flatMap(({ items }) => items);
  return { present, matching: present.filter((object) => parts.some((part) => isPart(object, part))) };
}

function isPart({ metadata }: KubernetesObject, { names, labels = [], namespaces }: Part): boolean {
  if (!namespaces.includes(metadata.namespace ?? '')) return false;
  const own = Object.entries(metadata.labels ?? {}).map(([key, value]) => `${key}=${value}`);
  return names.includes(metadata.name) || labels.some((label) => own.includes(label));
}

function everywhere(): string[] {
  return Object.values(components).flatMap((parts) => parts.flatMap((part) => part.namespaces));
}
