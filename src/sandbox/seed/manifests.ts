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
  deployment({
    name: 'api',
    image: 'shop/api:4.2.0',
    replicas: 3,
    podAnnotations: { 'sandbox/usage': '{"cpu":"180m","memory":"210Mi"}' },
  }),
  deployment({ name: 'checkout', image: 'shop/checkout:2.7.1', replicas: 2 }),
  // Out of memory again and again: something to remediate.
  deployment({ name: 'payments', image: 'shop/payments:1.9.3', replicas: 1, podAnnotations: { 'test/crash': 'true' } }),
  statefulSet('postgres', 'postgres:18', 2),
  daemonSet(SHOP, 'log-agent', 'shop/log-agent:0.9'),
  // With old logs to clean up.
  deployment({
    name: 'reports',
    image: 'eclipse-temurin:25-jdk',
    replicas: 1,
    podAnnotations: {
      'sandbox/files': JSON.stringify([
        { path: '/var/log/reports/2026-01.log', size: 52_428_800, age: '60d' },
        { path: '/var/log/reports/2026-02.log', size: 31_457_280, age: '32d' },
        { path: '/var/log/reports/today.log', size: 4_096, age: '2h' },
      ]),
    },
  }),
  maintenance('postgres-reindex', 'repair_database', 'postgres:18'),
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
  object('networking.k8s.io/v1 NetworkPolicy', SHOP, 'postgres', {
    spec: {
      podSelector: { matchLabels: { app: 'postgres' } },
      policyTypes: ['Ingress'],
      ingress: [{ from: [{ podSelector: { matchLabels: { app: 'api' } } }], ports: [{ port: 5432 }] }],
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
    spec: {
      replicas,
      serviceName: name,
      selector: { matchLabels: labels },
      template: template(name, image, labels),
      volumeClaimTemplates: [
        {
          metadata: { name: 'data' },
          spec: {
            storageClassName: 'standard',
            accessModes: ['ReadWriteOnce'],
            resources: { requests: { storage: '1Gi' } },
          },
        },
      ],
    },
  });
}

/** A suspended CronJob: a job of the team's own that an action may run. */
function maintenance(name: string, action: string, image: string): Resource {
  const made = object('batch/v1 CronJob', SHOP, name, {
    spec: {
      schedule: '0 4 * * 0',
      suspend: true,
      jobTemplate: {
        spec: { backoffLimit: 0, template: { spec: { restartPolicy: 'Never', containers: [{ name, image }] } } },
      },
    },
  });
  made.metadata.labels = { 'executor.kubernaut.io/action': action };
  return made;
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
