import type { Resource } from '../resource.ts';

const SHOP = 'production';

/** What is in a fresh sandbox, as one would apply it. */
export const manifests: Resource[] = [
  ...['node-1', 'node-2', 'node-3'].map(node),
  deployment({
    name: 'web-server',
    image: 'nginx:1.28',
    replicas: 2,
    annotations: { 'kubernetes.io/change-cause': 'nginx 1.28' },
  }),
  deployment({ name: 'api', image: 'shop/api:4.2.0', replicas: 3 }),
  deployment({ name: 'checkout', image: 'shop/checkout:2.7.1', replicas: 2 }),
  // Out of memory again and again: something to remediate.
  deployment({ name: 'payments', image: 'shop/payments:1.9.3', replicas: 1, podAnnotations: { 'test/crash': 'true' } }),
  statefulSet('postgres', 'postgres:18', 2),
  daemonSet(SHOP, 'log-agent', 'shop/log-agent:0.9'),
  ...['web-server', 'api', 'checkout'].map((name) => service(SHOP, name, 80)),
  {
    ...service(SHOP, 'postgres', 5432),
    spec: { clusterIP: 'None', selector: { app: 'postgres' }, ports: [{ port: 5432 }] },
  },
  object('policy/v1 PodDisruptionBudget', SHOP, 'api', {
    spec: { minAvailable: 2, selector: { matchLabels: { app: 'api' } } },
  }),
  object('autoscaling/v2 HorizontalPodAutoscaler', SHOP, 'checkout', {
    spec: {
      scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'checkout' },
      minReplicas: 2,
      maxReplicas: 6,
      metrics: [
        { type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 70 } } },
      ],
    },
  }),
  object('v1 ConfigMap', SHOP, 'shop-config', { data: { LOG_LEVEL: 'info', CURRENCY: 'EUR' } }),
  object('v1 Secret', SHOP, 'postgres-credentials', {
    type: 'Opaque',
    stringData: { username: 'shop', password: 'only-in-the-sandbox' },
  }),
  deployment({
    namespace: 'kube-system',
    name: 'coredns',
    image: 'registry.k8s.io/coredns/coredns:v1.13.0',
    replicas: 2,
    labels: { 'k8s-app': 'kube-dns' },
  }),
  daemonSet('kube-system', 'kube-proxy', 'registry.k8s.io/kube-proxy:v1.36.0', { 'k8s-app': 'kube-proxy' }),
];

function node(name: string): Resource {
  const labels = {
    'kubernetes.io/hostname': name,
    'kubernetes.io/os': 'linux',
    'kubernetes.io/arch': 'amd64',
    'topology.kubernetes.io/zone': `zone-${name.slice(-1)}`,
  };
  return { apiVersion: 'v1', kind: 'Node', metadata: { name, labels }, spec: {} };
}

function deployment(given: {
  namespace?: string;
  name: string;
  image: string;
  replicas: number;
  labels?: Record<string, string>;
  annotations?: Record<string, string>;
  podAnnotations?: Record<string, string>;
}): Resource {
  const { namespace = SHOP, name, image, replicas, labels = { app: name }, annotations, podAnnotations } = given;
  const made = object('apps/v1 Deployment', namespace, name, {
    spec: { replicas, selector: { matchLabels: labels }, template: template(name, image, labels, podAnnotations) },
  });
  made.metadata.labels = labels;
  if (annotations) made.metadata.annotations = annotations;
  return made;
}

function statefulSet(name: string, image: string, replicas: number): Resource {
  const labels = { app: name };
  return object('apps/v1 StatefulSet', SHOP, name, {
    spec: { replicas, serviceName: name, selector: { matchLabels: labels }, template: template(name, image, labels) },
  });
}

function daemonSet(
  namespace: string,
  name: string,
  image: string,
  labels: Record<string, string> = { app: name },
): Resource {
  return object('apps/v1 DaemonSet', namespace, name, {
    spec: { selector: { matchLabels: labels }, template: template(name, image, labels) },
  });
}

function service(namespace: string, name: string, port: number): Resource {
  return object('v1 Service', namespace, name, {
    spec: { selector: { app: name }, ports: [{ port, targetPort: port }] },
  });
}

function template(
  name: string,
  image: string,
  labels: Record<string, string>,
  annotations?: Record<string, string>,
): unknown {
  const resources = { requests: { cpu: '100m', memory: '128Mi' }, limits: { memory: '256Mi' } };
  return {
    metadata: { labels, ...(annotations ? { annotations } : {}) },
    spec: { containers: [{ name, image, resources }] },
  };
}

/** `kind` is an apiVersion and a kind: `apps/v1 Deployment`. */
function object(kind: string, namespace: string, name: string, rest: Record<string, unknown>): Resource {
  const [apiVersion = '', kindName = ''] = kind.split(' ');
  return { apiVersion, kind: kindName, metadata: { name, namespace }, ...rest };
}
