import type { KubernetesObject } from '../../kubernetes/object.ts';
import type { ClusterReader } from '../../kubernetes/reader.ts';
import { listAt, textAt, valueAt } from '../../kubernetes/value-at.ts';

export const meshTypes = ['istio', 'linkerd', 'consul'] as const;
export type MeshType = (typeof meshTypes)[number];

/** How a mesh is installed by its own charts, and how it says which pods get its proxy. */
interface Mesh {
  namespace: string;
  /** The control plane's workloads: kind and label selector, group by group in the order in which they restart. */
  controlPlane: readonly { kind: 'Deployment' | 'StatefulSet'; labelSelector: string }[];
  /** What a Namespace, or a pod template, says of injection: undefined where it says nothing. */
  namespaceAsks(namespace: KubernetesObject): boolean;
  templateAsks(template: unknown): boolean | undefined;
}

const meshes: Record<MeshType, Mesh> = {
  istio: {
    namespace: 'istio-system',
    controlPlane: [{ kind: 'Deployment', labelSelector: 'app=istiod' }],
    namespaceAsks: ({ metadata: { labels = {} } }) =>
      labels['istio-injection'] === 'enabled' ||
      (labels['istio-injection'] === undefined && labels['istio.io/rev'] !== undefined),
    templateAsks: (template) =>
      has(template, 'annotations', 'sidecar.istio.io/status') || hasContainer(template, 'istio-proxy')
        ? true
        : (flag(template, 'labels', 'sidecar.istio.io/inject') ??
          flag(template, 'annotations', 'sidecar.istio.io/inject') ??
          (has(template, 'labels', 'istio.io/rev') ? true : undefined)),
  },
  linkerd: {
    namespace: 'linkerd',
    controlPlane: [{ kind: 'Deployment', labelSelector: 'linkerd.io/control-plane-component' }],
    namespaceAsks: ({ metadata }) => isLinkerd(metadata.annotations?.['linkerd.io/inject']) === true,
    templateAsks: (template) =>
      hasContainer(template, 'linkerd-proxy')
        ? true
        : isLinkerd(textAt(template, ['metadata', 'annotations', 'linkerd.io/inject'])),
  },
  consul: {
    namespace: 'consul',
    controlPlane: [
      // The servers first: what injects asks them.
      { kind: 'StatefulSet', labelSelector: 'app=consul,component=server' },
      { kind: 'Deployment', labelSelector: 'app=consul,component=connect-injector' },
    ],
    // Its injector's default for a whole cluster stands in its own flags, which say nothing to others.
    namespaceAsks: () => false,
    templateAsks: (template) => flag(template, 'annotations', 'consul.hashicorp.com/connect-inject'),
  },
};

/** The workloads of the mesh's control plane, group by group; empty where the mesh is not installed. */
export async function controlPlaneOf(cluster: ClusterReader, type: MeshType): Promise<KubernetesObject[][]> {
  const { namespace, controlPlane } = meshes[type];
  const lists = await Promise.all(
    controlPlane.map((group) => cluster.list({ apiVersion: 'apps/v1', namespace, ...group })),
  );
  return lists.map(({ items }) => items).filter((group) => group.length > 0);
}

export function namespaceOfMesh(type: MeshType): string {
  return meshes[type].namespace;
}

/** The workloads of the namespace whose pods have the mesh's proxy beside them. */
export async function injectedWorkloads(
  cluster: ClusterReader,
  type: MeshType,
  namespace: KubernetesObject,
): Promise<KubernetesObject[]> {
  const { namespaceAsks, templateAsks } = meshes[type];
  const byDefault = namespaceAsks(namespace);
  const lists = await Promise.all(
    ['Deployment', 'StatefulSet', 'DaemonSet'].map((kind) =>
      cluster.list({ apiVersion: 'apps/v1', kind, namespace: namespace.metadata.name }),
    ),
  );
  return lists
    .flatMap(({ items }) => items)
    .filter((workload) => !workload.metadata.deletionTimestamp)
    .filter((workload) => templateAsks(valueAt(workload, ['spec', 'template'])) ?? byDefault);
}

/** `true` or `false` as a label or an annotation of the template has it. */
function flag(template: unknown, where: 'labels' | 'annotations', key: string): boolean | undefined {
  const text = textAt(template, ['metadata', where, key]);
  return text === undefined ? undefined : ['true', 'y', 'yes', 'on'].includes(text.toLowerCase());
}

function has(template: unknown, where: 'labels' | 'annotations', key: string): boolean {
  return textAt(template, ['metadata', where, key]) !== undefined;
}

/** Put there by hand (`istioctl kube-inject`, `linkerd inject --manual`). */
function hasContainer(template: unknown, name: string): boolean {
  return ['containers', 'initContainers']
    .flatMap((list) => listAt(template, ['spec', list]))
    .some((container) => textAt(container, ['name']) === name);
}

function isLinkerd(value: string | undefined): boolean | undefined {
  return value === undefined ? undefined : value === 'enabled' || value === 'ingress';
}
