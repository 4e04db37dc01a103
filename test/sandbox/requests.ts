import { APPLY, JSON_PATCH, MERGE, STRATEGIC, deploymentOf } from './servers.ts';

/** One request of the list, and the answer that a Kubernetes 1.36 API server gives. */
export interface Listed {
  method: string;
  /** `NS` stands for the namespace of the test and `NODE` for its node. */
  path: string;
  contentType?: string;
  body?: unknown;
  status: number;
  reason?: string;
  /** `field: reason` of every cause of an Invalid. */
  causes?: string[];
  /** Waits that long before: for what controllers do. */
  afterMs?: number;
}

const core = '/api/v1/namespaces/NS';
const apps = '/apis/apps/v1/namespaces/NS';
const budgets = '/apis/policy/v1/namespaces/NS/poddisruptionbudgets';
const web = `${apps}/deployments/web`;
const notFound = { status: 404, reason: 'NotFound' };
const conflict = { status: 409, reason: 'Conflict' };
const badRequest = { status: 400, reason: 'BadRequest' };
const invalid = (...causes: string[]) => ({ status: 422, reason: 'Invalid', causes });
const merge = (path: string, body: unknown, expected: Pick<Listed, 'status' | 'reason' | 'causes'>): Listed => ({
  method: 'PATCH',
  path,
  contentType: MERGE,
  body,
  ...expected,
});
const post = (path: string, body: unknown, expected: Pick<Listed, 'status' | 'reason' | 'causes'>): Listed => ({
  method: 'POST',
  path,
  body,
  ...expected,
});
const pod = (name: string, labels: Record<string, string>, spec: Record<string, unknown> = {}) => ({
  metadata: { name, labels },
  spec: { nodeName: 'NODE', tolerations: [{ operator: 'Exists' }], containers: [{ name: 'c', image: 'i:1' }], ...spec },
});
const container = { name: 'main', image: 'i' };
const template = (labels: Record<string, string>, spec: Record<string, unknown> = { containers: [container] }) => ({
  metadata: { labels },
  spec,
});
const eviction = (name: string, deleteOptions?: unknown) => ({
  apiVersion: 'policy/v1',
  kind: 'Eviction',
  metadata: { name },
  ...(deleteOptions ? { deleteOptions } : {}),
});

/** Sent one after the other to an empty namespace. */
export const requests: Listed[] = [
  // What is not there
  { method: 'GET', path: `${core}/pods/nope`, ...notFound },
  { method: 'GET', path: `${core}/pods`, status: 200 },
  { method: 'GET', path: '/api/v1/namespaces/there-is-no-such/pods', status: 200 },
  { method: 'GET', path: '/api/v1/nope', ...notFound },
  { method: 'GET', path: '/apis/nope/v1', status: 404 },
  { method: 'GET', path: '/apis/nope/v1/things', status: 404 },
  { method: 'GET', path: '/apis/apps/v1/nope', ...notFound },
  // Creation
  {
    method: 'POST',
    path: `${core}/configmaps`,
    contentType: 'text/plain',
    body: '{"metadata":{"name":"a"}}',
    status: 415,
    reason: 'UnsupportedMediaType',
  },
  post(`${core}/configmaps`, { metadata: { name: 'a' }, data: { k: 'v' } }, { status: 201 }),
  post(`${core}/configmaps`, { metadata: { name: 'a' } }, { status: 409, reason: 'AlreadyExists' }),
  post(`${core}/configmaps`, { metadata: {} }, invalid('metadata.name: FieldValueRequired')),
  post(`${core}/configmaps`, { metadata: { name: 'A_b' } }, invalid('metadata.name: FieldValueInvalid')),
  post(
    `${core}/configmaps`,
    { metadata: { name: 'x', labels: { 'a:b': 'c', d: 'e:f' } } },
    invalid('metadata.labels: FieldValueInvalid'),
  ),
  post(
    `${core}/configmaps`,
    { metadata: { name: 'x', labels: { a: 'x'.repeat(64) } } },
    invalid('metadata.labels: FieldValueInvalid'),
  ),
  post(
    `${core}/configmaps`,
    { metadata: { name: 'x', annotations: { 'a b': 'c' } } },
    invalid('metadata.annotations: FieldValueInvalid'),
  ),
  post(
    `${core}/configmaps`,
    { metadata: { name: 'x', annotations: { a: 'x'.repeat(262_145) } } },
    invalid('metadata.annotations: FieldValueTooLong'),
  ),
  post(
    `${core}/configmaps`,
    { metadata: { name: 'x' }, data: { 'a b': 'c' } },
    invalid('data[a b]: FieldValueInvalid'),
  ),
  post(`${core}/configmaps`, { metadata: { name: 'x', resourceVersion: '1' } }, { status: 500 }),
  post(`${core}/configmaps`, { metadata: { name: 'x', namespace: 'another' } }, badRequest),
  post(`${core}/configmaps`, { kind: 'Secret', apiVersion: 'v1', metadata: { name: 'x' } }, badRequest),
  post(`${core}/configmaps`, { kind: 'ConfigMap', apiVersion: 'v2', metadata: { name: 'x' } }, badRequest),
  post(`${core}/configmaps`, '{bad', badRequest),
  post(`${core}/configmaps`, { metadata: { name: 'x' }, data: { a: 1 } }, badRequest),
  post('/api/v1/namespaces/there-is-no-such/configmaps', { metadata: { name: 'x' } }, notFound),
  post(`${core}/configmaps?fieldValidation=Strict`, { metadata: { name: 'x', foo: 1 }, bar: 2 }, badRequest),
  post(
    `${core}/configmaps?fieldValidation=Foo`,
    { metadata: { name: 'x' } },
    invalid('fieldValidation: FieldValueNotSupported'),
  ),
  post(`${core}/configmaps?dryRun=Foo`, { metadata: { name: 'x' } }, invalid('dryRun: FieldValueNotSupported')),
  post(`${core}/configmaps?dryRun=All`, { metadata: { name: 'dry' } }, { status: 201 }),
  { method: 'GET', path: `${core}/configmaps/dry`, ...notFound },
  post(`${core}/secrets`, { metadata: { name: 's' }, stringData: { a: 'b' } }, { status: 201 }),
  merge(`${core}/secrets/s`, { type: 'other' }, invalid('type: FieldValueInvalid')),
  post(`${core}/configmaps`, { metadata: { name: 'fixed' }, immutable: true, data: { a: 'b' } }, { status: 201 }),
  merge(`${core}/configmaps/fixed`, { data: { a: 'c' } }, invalid('data: FieldValueForbidden')),
  // Deployments: defaults and validation
  post(`${apps}/deployments`, deploymentOf('web', 2, { spec: { paused: true } }), { status: 201 }),
  post(
    `${apps}/deployments?dryRun=All`,
    { metadata: { name: 'bad' }, spec: { selector: { matchLabels: { a: 'b' } }, template: template({ a: 'c' }) } },
    invalid('spec.template.metadata.labels: FieldValueInvalid'),
  ),
  post(
    `${apps}/deployments?dryRun=All`,
    { metadata: { name: 'bad' }, spec: { template: template({ a: 'c' }) } },
    invalid('spec.selector: FieldValueRequired', 'spec.template.metadata.labels: FieldValueInvalid'),
  ),
  post(
    `${apps}/deployments?dryRun=All`,
    {
      metadata: { name: 'bad' },
      spec: { selector: { matchLabels: { a: 'b' } }, template: template({ a: 'b' }, { containers: [] }) },
    },
    invalid('spec.template.spec.containers: FieldValueRequired'),
  ),
  post(
    `${apps}/deployments?dryRun=All`,
    {
      metadata: { name: 'bad' },
      spec: {
        selector: { matchLabels: { a: 'b' } },
        template: template({ a: 'b' }, { containers: [{ name: 'x' }, { name: 'x', image: 'i' }] }),
      },
    },
    invalid(
      'spec.template.spec.containers[0].image: FieldValueRequired',
      'spec.template.spec.containers[1].name: FieldValueDuplicate',
    ),
  ),
  post(
    `${apps}/deployments?dryRun=All`,
    {
      metadata: { name: 'bad' },
      spec: {
        selector: { matchLabels: { a: 'b' } },
        template: template(
          { a: 'b' },
          { containers: [{ ...container, resources: { requests: { cpu: '2' }, limits: { cpu: '1' } } }] },
        ),
      },
    },
    invalid('spec.template.spec.containers[0].resources.requests: FieldValueInvalid'),
  ),
  post(
    `${apps}/deployments?dryRun=All`,
    {
      metadata: { name: 'bad' },
      spec: {
        selector: { matchLabels: { a: 'b' } },
        template: template({ a: 'b' }, { containers: [{ ...container, resources: { requests: { cpu: 'lots' } } }] }),
      },
    },
    badRequest,
  ),
  post(
    `${apps}/deployments?dryRun=All`,
    {
      metadata: { name: 'bad' },
      spec: {
        selector: { matchLabels: { a: 'b' } },
        template: template({ a: 'b' }, { restartPolicy: 'Never', containers: [container] }),
      },
    },
    invalid('spec.template.spec.restartPolicy: FieldValueNotSupported'),
  ),
  post(
    `${apps}/deployments?dryRun=All`,
    {
      metadata: { name: 'bad' },
      spec: {
        strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: 0, maxUnavailable: 0 } },
        selector: { matchLabels: { a: 'b' } },
        template: template({ a: 'b' }),
      },
    },
    invalid('spec.strategy.rollingUpdate.maxUnavailable: FieldValueInvalid'),
  ),
  post(
    `${apps}/deployments?dryRun=All`,
    {
      metadata: { name: 'full' },
      spec: {
        selector: { matchLabels: { a: 'b' } },
        template: template(
          { a: 'b' },
          {
            containers: [
              {
                ...container,
                image: 'i@sha256:abc',
                ports: [{ containerPort: 80 }],
                env: [{ name: 'N', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } }],
                resources: { limits: { cpu: '1000m', memory: '1.5Gi' } },
                livenessProbe: { httpGet: { port: 80 } },
                readinessProbe: { tcpSocket: { port: 'http' } },
              },
            ],
            volumes: [
              { name: 'a' },
              { name: 'b', configMap: { name: 'c' } },
              { name: 'd', secret: { secretName: 'e' } },
              { name: 'f', hostPath: { path: '/x' } },
            ],
          },
        ),
      },
    },
    { status: 201 },
  ),
  post(
    `${apps}/deployments?dryRun=All`,
    {
      metadata: { name: 'bad' },
      spec: {
        selector: { matchLabels: { a: 'b' } },
        template: template(
          { a: 'b' },
          { containers: [{ ...container, volumeMounts: [{ name: 'no', mountPath: '/x' }] }] },
        ),
      },
    },
    invalid('spec.template.spec.containers[0].volumeMounts[0].name: FieldValueNotFound'),
  ),
  // Patches
  { method: 'PATCH', path: web, contentType: 'text/plain', body: '{}', status: 415, reason: 'UnsupportedMediaType' },
  {
    method: 'PATCH',
    path: web,
    contentType: 'application/json',
    body: '{}',
    status: 415,
    reason: 'UnsupportedMediaType',
  },
  merge(web, { metadata: { resourceVersion: '1' } }, conflict),
  merge(web, { metadata: { uid: 'abc' } }, invalid('metadata.uid: FieldValueInvalid')),
  merge(`${core}/configmaps/a`, { metadata: { uid: 'abc' } }, invalid('metadata.uid: FieldValueInvalid')),
  merge('/api/v1/nodes/NODE', { metadata: { uid: 'abc' } }, invalid('metadata.uid: FieldValueInvalid')),
  merge(web, { spec: { replicas: 'x' } }, invalid('patch: FieldValueInvalid')),
  merge(web, { spec: { replicas: -1 } }, invalid('spec.replicas: FieldValueInvalid')),
  merge(web, { spec: { replicas: 1.5 } }, invalid('patch: FieldValueInvalid')),
  merge(
    web,
    { spec: { selector: { matchLabels: { a: 'b' } } } },
    invalid('spec.template.metadata.labels: FieldValueInvalid', 'spec.selector: FieldValueInvalid'),
  ),
  merge(web, { metadata: { name: 'other' } }, badRequest),
  merge(web, { metadata: { namespace: 'other' } }, badRequest),
  merge(web, [], badRequest),
  merge(web, 'x', badRequest),
  merge(`${apps}/deployments/nope`, {}, notFound),
  merge(web, { spec: { nope: 1 } }, { status: 200 }),
  merge(`${web}?fieldValidation=Strict`, { spec: { nope: 1 } }, invalid('patch: FieldValueInvalid')),
  merge(`${web}?fieldManager=x%01`, {}, invalid('fieldManager: FieldValueInvalid')),
  {
    method: 'PATCH',
    path: web,
    contentType: JSON_PATCH,
    body: [{ op: 'test', path: '/spec/replicas', value: 9 }],
    status: 422,
    reason: 'Invalid',
  },
  {
    method: 'PATCH',
    path: web,
    contentType: JSON_PATCH,
    body: [{ op: 'remove', path: '/spec/nope' }],
    status: 422,
    reason: 'Invalid',
  },
  {
    method: 'PATCH',
    path: web,
    contentType: JSON_PATCH,
    body: [{ op: 'foo', path: '/spec/nope' }],
    status: 422,
    reason: 'Invalid',
  },
  { method: 'PATCH', path: web, contentType: JSON_PATCH, body: {}, ...badRequest },
  {
    method: 'PATCH',
    path: web,
    contentType: JSON_PATCH,
    body: [
      { op: 'replace', path: '/spec/replicas', value: 3 },
      { op: 'add', path: '/metadata/annotations', value: { a: 'b' } },
    ],
    status: 200,
  },
  {
    method: 'PATCH',
    path: web,
    contentType: STRATEGIC,
    body: { spec: { replicas: 'x' } },
    ...invalid('patch: FieldValueInvalid'),
  },
  {
    method: 'PATCH',
    path: web,
    contentType: STRATEGIC,
    body: { spec: { template: { spec: { containers: [{ image: 'x' }] } } } },
    status: 500,
  },
  {
    method: 'PATCH',
    path: web,
    contentType: STRATEGIC,
    body: {
      spec: {
        template: {
          spec: {
            containers: [
              {
                name: 'main',
                env: [
                  { name: 'A', value: '1' },
                  { name: 'B', value: '2' },
                ],
              },
            ],
          },
        },
      },
    },
    status: 200,
  },
  {
    method: 'PATCH',
    path: web,
    contentType: STRATEGIC,
    body: {
      spec: {
        template: {
          spec: {
            containers: [
              {
                name: 'main',
                env: [
                  { name: 'C', value: '3' },
                  { name: 'A', $patch: 'delete' },
                ],
              },
              { name: 'side', image: 'x' },
            ],
          },
        },
      },
    },
    status: 200,
  },
  {
    method: 'PATCH',
    path: web,
    contentType: STRATEGIC,
    body: {
      spec: {
        template: {
          spec: {
            '$setElementOrder/containers': [{ name: 'main' }, { name: 'side' }],
            containers: [{ name: 'side', image: 'y' }],
          },
        },
      },
    },
    status: 200,
  },
  {
    method: 'PATCH',
    path: web,
    contentType: STRATEGIC,
    body: { spec: { template: { spec: { containers: [{ $patch: 'replace' }, { name: 'only', image: 'z' }] } } } },
    status: 200,
  },
  {
    method: 'PATCH',
    path: web,
    contentType: STRATEGIC,
    body: { spec: { strategy: { $retainKeys: ['type'], type: 'Recreate' } } },
    status: 200,
  },
  {
    method: 'PATCH',
    path: web,
    contentType: APPLY,
    body: 'apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec: {replicas: 4}\n',
    ...invalid('fieldManager: FieldValueRequired'),
  },
  // Replacement
  { method: 'PUT', path: web, body: { metadata: { name: 'web', resourceVersion: '1' }, spec: {} }, ...conflict },
  { method: 'PUT', path: web, body: { metadata: { name: 'web', uid: 'abc' }, spec: {} }, ...conflict },
  { method: 'PUT', path: web, body: { metadata: { name: 'other' }, spec: {} }, ...badRequest },
  { method: 'PUT', path: `${apps}/deployments/zzz`, body: { ...deploymentOf('zzz', 1) }, ...notFound },
  { method: 'PUT', path: web, body: deploymentOf('web', 0), status: 200 },
  { method: 'PUT', path: `${core}/pods`, body: {}, status: 405, reason: 'MethodNotAllowed' },
  { method: 'POST', path: web, body: {}, status: 405, reason: 'MethodNotAllowed' },
  { method: 'GET', path: `${web}/foo`, ...notFound },
  // Scale
  { method: 'GET', path: `${web}/scale`, status: 200 },
  merge(`${web}/scale`, { metadata: { uid: 'abc' }, spec: { replicas: 0 } }, conflict),
  merge(`${web}/scale`, { metadata: { resourceVersion: '1' }, spec: { replicas: 0 } }, conflict),
  merge(`${web}/scale`, { spec: { replicas: -2 } }, invalid('spec.replicas: FieldValueInvalid')),
  merge(`${web}/scale`, { spec: { replicas: 'x' } }, invalid('patch: FieldValueInvalid')),
  {
    method: 'PATCH',
    path: `${web}/scale`,
    contentType: 'application/json',
    body: {},
    status: 415,
    reason: 'UnsupportedMediaType',
  },
  {
    method: 'PUT',
    path: `${web}/scale`,
    body: { metadata: { name: 'web', resourceVersion: '1' }, spec: { replicas: 0 } },
    ...conflict,
  },
  {
    method: 'PUT',
    path: `${web}/scale`,
    body: { metadata: { name: 'web', uid: '1' }, spec: { replicas: 0 } },
    ...conflict,
  },
  { method: 'PUT', path: `${web}/scale`, body: { metadata: { name: 'web' }, spec: { replicas: 0 } }, status: 200 },
  { method: 'GET', path: `${apps}/deployments/nope/scale`, ...notFound },
  merge(`${apps}/deployments/nope/scale`, { spec: { replicas: 0 } }, notFound),
  // Other kinds: defaults
  post(
    `${apps}/statefulsets?dryRun=All`,
    {
      metadata: { name: 'db' },
      spec: { serviceName: 'db', selector: { matchLabels: { a: 'b' } }, template: template({ a: 'b' }) },
    },
    { status: 201 },
  ),
  post(
    `${apps}/daemonsets?dryRun=All`,
    { metadata: { name: 'ds' }, spec: { selector: { matchLabels: { a: 'b' } }, template: template({ a: 'b' }) } },
    { status: 201 },
  ),
  post(
    `${apps}/replicasets?dryRun=All`,
    { metadata: { name: 'rs' }, spec: { selector: { matchLabels: { a: 'b' } }, template: template({ a: 'b' }) } },
    { status: 201 },
  ),
  post(
    `${core}/services?dryRun=All`,
    { metadata: { name: 'svc' }, spec: { selector: { a: 'b' }, ports: [{ port: 80 }] } },
    { status: 201 },
  ),
  post(
    `${core}/services?dryRun=All`,
    { metadata: { name: 'Svc' }, spec: { ports: [{ port: 80 }] } },
    invalid('metadata.name: FieldValueInvalid'),
  ),
  post(
    `${core}/persistentvolumeclaims?dryRun=All`,
    { metadata: { name: 'p' }, spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } } },
    { status: 201 },
  ),
  post(
    '/apis/autoscaling/v2/namespaces/NS/horizontalpodautoscalers?dryRun=All',
    {
      metadata: { name: 'h' },
      spec: { maxReplicas: 3, scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'web' } },
    },
    { status: 201 },
  ),
  post(
    '/apis/autoscaling/v2/namespaces/NS/horizontalpodautoscalers?dryRun=All',
    {
      metadata: { name: 'h' },
      spec: {
        minReplicas: 4,
        maxReplicas: 3,
        scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'web' },
      },
    },
    invalid('spec.maxReplicas: FieldValueInvalid'),
  ),
  post(
    '/apis/networking.k8s.io/v1/namespaces/NS/networkpolicies?dryRun=All',
    { metadata: { name: 'n' }, spec: { podSelector: {} } },
    { status: 201 },
  ),
  post(
    '/apis/batch/v1/namespaces/NS/cronjobs?dryRun=All',
    {
      metadata: { name: 'c' },
      spec: {
        schedule: '* * * * *',
        jobTemplate: { spec: { template: { spec: { restartPolicy: 'Never', containers: [container] } } } },
      },
    },
    { status: 201 },
  ),
  post(
    '/apis/coordination.k8s.io/v1/namespaces/NS/leases?dryRun=All',
    { metadata: { name: 'l' }, spec: { holderIdentity: 'me' } },
    { status: 201 },
  ),
  // Budgets
  post(
    budgets,
    { metadata: { name: 'b' }, spec: { minAvailable: 2, selector: { matchLabels: { app: 'p' } } } },
    { status: 201 },
  ),
  post(
    `${budgets}?dryRun=All`,
    { metadata: { name: 'c' }, spec: { minAvailable: 1, maxUnavailable: 1 } },
    invalid('spec: FieldValueInvalid'),
  ),
  {
    method: 'PUT',
    path: `${budgets}/b`,
    body: { metadata: { name: 'b' }, spec: { minAvailable: 2, selector: { matchLabels: { app: 'p' } } } },
    ...invalid('metadata.resourceVersion: FieldValueInvalid'),
  },
  // Pods and evictions
  post(`${core}/pods`, pod('p1', { app: 'p' }), { status: 201 }),
  post(`${core}/pods`, pod('p2', { app: 'p' }, { serviceAccountName: 'default' }), { status: 201 }),
  post(`${core}/pods?dryRun=All`, pod('p3', {}, { serviceAccountName: 'nobody' }), {
    status: 403,
    reason: 'Forbidden',
  }),
  post(
    `${core}/pods?dryRun=All`,
    pod(
      'p3',
      {},
      {
        containers: [
          {
            ...container,
            resources: { requests: { cpu: '100m', memory: '128Mi' }, limits: { cpu: '100m', memory: '128Mi' } },
          },
        ],
      },
    ),
    { status: 201 },
  ),
  post(
    `${core}/pods?dryRun=All`,
    pod('p3', {}, { containers: [{ ...container, resources: { requests: { cpu: '100m' } } }] }),
    { status: 201 },
  ),
  merge(`${core}/pods/p1`, { spec: { nodeName: 'another' } }, invalid('spec: FieldValueForbidden')),
  {
    method: 'PATCH',
    path: `${core}/pods/p1`,
    contentType: STRATEGIC,
    body: { spec: { containers: [{ name: 'more', image: 'x' }] } },
    ...invalid('spec.containers: FieldValueForbidden'),
  },
  {
    method: 'POST',
    path: `${core}/pods/p1/eviction`,
    body: eviction('p1'),
    status: 429,
    reason: 'TooManyRequests',
    causes: ['undefined: DisruptionBudget'],
    afterMs: 1500,
  },
  {
    method: 'POST',
    path: `${core}/pods/p1/eviction?dryRun=All`,
    body: eviction('p1'),
    status: 429,
    reason: 'TooManyRequests',
    causes: ['undefined: DisruptionBudget'],
  },
  { method: 'POST', path: `${core}/pods/nope/eviction`, body: eviction('nope'), ...notFound },
  { method: 'POST', path: `${core}/pods/p1/eviction`, body: eviction('other'), ...badRequest },
  merge(budgets + '/b', { spec: { minAvailable: 1 } }, { status: 200 }),
  { method: 'POST', path: `${core}/pods/p1/eviction?dryRun=All`, body: eviction('p1'), status: 201, afterMs: 700 },
  {
    method: 'POST',
    path: `${core}/pods/p1/eviction`,
    body: eviction('p1', { preconditions: { uid: 'x' } }),
    ...conflict,
  },
  {
    method: 'POST',
    path: `${core}/pods/p2/eviction`,
    body: eviction('p2'),
    status: 429,
    reason: 'TooManyRequests',
    causes: ['undefined: DisruptionBudget'],
    afterMs: 500,
  },
  post(
    budgets,
    { metadata: { name: 'b2' }, spec: { minAvailable: 0, selector: { matchLabels: { app: 'p' } } } },
    { status: 201 },
  ),
  { method: 'POST', path: `${core}/pods/p2/eviction`, body: eviction('p2'), status: 500, afterMs: 300 },
  { method: 'DELETE', path: `${budgets}/b`, status: 200 },
  { method: 'DELETE', path: `${budgets}/b2`, status: 200 },
  { method: 'GET', path: `${core}/pods/nope/log`, ...notFound },
  { method: 'GET', path: `${core}/pods/p1/log?container=nope`, ...badRequest },
  { method: 'GET', path: `${core}/pods/p1/log?tailLines=-1`, ...invalid('tailLines: FieldValueInvalid') },
  { method: 'GET', path: `${core}/pods/p1/log`, status: 200 },
  // Reading
  { method: 'GET', path: `${core}/pods?fieldSelector=foo=bar`, ...badRequest },
  { method: 'GET', path: `${core}/configmaps?fieldSelector=spec.nodeName=bar`, ...badRequest },
  { method: 'GET', path: `${core}/pods?fieldSelector=spec.nodeName=NODE,status.phase!=Failed`, status: 200 },
  { method: 'GET', path: `${core}/pods?labelSelector=a%20b`, ...badRequest },
  { method: 'GET', path: `${core}/pods?labelSelector=a=b:c`, ...badRequest },
  { method: 'GET', path: `${core}/pods?labelSelector=a%20in%20(b`, ...badRequest },
  { method: 'GET', path: `${core}/pods?limit=x`, ...badRequest },
  { method: 'GET', path: `${core}/pods?limit=1&continue=zzz`, ...badRequest },
  { method: 'GET', path: `${core}/pods?resourceVersion=x`, ...badRequest },
  { method: 'GET', path: `${core}/pods?resourceVersion=99999999999`, status: 504, reason: 'Timeout' },
  { method: 'GET', path: `${core}/pods?watch=1&resourceVersion=x&timeoutSeconds=1`, status: 500 },
  {
    method: 'GET',
    path: `${core}/pods?watch=1&sendInitialEvents=true&timeoutSeconds=1`,
    ...invalid('resourceVersionMatch: FieldValueForbidden'),
  },
  merge(web, { metadata: { labels: { a: 'b:c' } } }, invalid('metadata.labels: FieldValueInvalid')),
  merge(web, { metadata: { finalizers: ['no'] } }, invalid('metadata.finalizers[0]: FieldValueInvalid')),
  merge(web, { metadata: { finalizers: null } }, { status: 200 }),
  merge(
    web,
    {
      metadata: { labels: { a: '' }, annotations: { b: '' } },
      spec: { template: { spec: { nodeSelector: {}, tolerations: [] } } },
    },
    { status: 200 },
  ),
  merge(`${web}/status`, { status: { replicas: 7 }, spec: { replicas: 9 } }, { status: 200 }),
  {
    method: 'PATCH',
    path: `${web}?fieldManager=tests`,
    contentType: APPLY,
    body: 'apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web, labels: {applied: here}}\n',
    status: 200,
  },
  {
    method: 'PATCH',
    path: `${core}/configmaps/applied?fieldManager=tests`,
    contentType: APPLY,
    body: 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: applied}\ndata: {a: b, c: d}\n',
    status: 201,
  },
  {
    method: 'PATCH',
    path: `${core}/configmaps/applied?fieldManager=tests`,
    contentType: APPLY,
    body: 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: applied}\ndata: {c: e}\n',
    status: 200,
  },
  {
    method: 'PUT',
    path: `/apis/coordination.k8s.io/v1/namespaces/NS/leases/fresh`,
    body: { metadata: { name: 'fresh' }, spec: { holderIdentity: 'me' } },
    status: 201,
  },
  {
    method: 'PUT',
    path: `/apis/coordination.k8s.io/v1/namespaces/NS/leases/fresh`,
    body: { metadata: { name: 'fresh' }, spec: { holderIdentity: 'you' } },
    ...invalid('metadata.resourceVersion: FieldValueInvalid'),
  },
  post(
    `${core}/events`,
    {
      metadata: { name: 'e1' },
      involvedObject: { kind: 'Pod', namespace: 'NS', name: 'p2' },
      reason: 'Tested',
      message: 'it works',
      type: 'Normal',
    },
    { status: 201 },
  ),
  { method: 'GET', path: `${core}/events?fieldSelector=involvedObject.name=p2,reason=Tested`, status: 200 },
  { method: 'GET', path: '/apis/events.k8s.io/v1/namespaces/NS/events?fieldSelector=reason=Tested', status: 200 },
  post(
    '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews',
    { spec: { resourceAttributes: { verb: 'get', resource: 'pods' } } },
    { status: 201 },
  ),
  // Deletion
  { method: 'DELETE', path: `${core}/configmaps/a`, body: { preconditions: { uid: 'x' } }, ...conflict },
  { method: 'DELETE', path: `${core}/configmaps/a`, body: { preconditions: { resourceVersion: '1' } }, ...conflict },
  {
    method: 'DELETE',
    path: `${core}/configmaps/a`,
    contentType: 'text/plain',
    body: '{}',
    status: 415,
    reason: 'UnsupportedMediaType',
  },
  {
    method: 'DELETE',
    path: `${core}/configmaps/a`,
    body: { propagationPolicy: 'Foo' },
    ...invalid('propagationPolicy: FieldValueNotSupported'),
  },
  { method: 'DELETE', path: `${core}/configmaps/a?dryRun=All`, status: 200 },
  { method: 'DELETE', path: `${core}/configmaps/a`, status: 200 },
  { method: 'DELETE', path: `${core}/configmaps/a`, ...notFound },
  { method: 'DELETE', path: `${core}/pods/p1`, body: { preconditions: { uid: 'x' } }, ...conflict },
  { method: 'DELETE', path: `${core}/pods/p1?dryRun=All`, status: 200 },
  { method: 'DELETE', path: `${core}/pods/p1`, body: { gracePeriodSeconds: 0 }, status: 200 },
  { method: 'GET', path: `${core}/pods/p1`, ...notFound },
  { method: 'DELETE', path: `${core}/configmaps?labelSelector=a=b`, status: 200 },
  { method: 'DELETE', path: '/api/v1/namespaces/default?dryRun=All', status: 403, reason: 'Forbidden' },
  { method: 'DELETE', path: web, body: { propagationPolicy: 'Foreground' }, status: 200 },
  // Nodes
  merge(
    '/api/v1/nodes/NODE',
    { spec: { taints: [{ key: 'a b', effect: 'Nope' }] } },
    invalid('metadata.taints[0].key: FieldValueInvalid', 'metadata.taints[0].effect: FieldValueNotSupported'),
  ),
  // Taints declare no merge key: a strategic patch replaces them all.
  {
    method: 'PATCH',
    path: '/api/v1/nodes/NODE?dryRun=All',
    contentType: STRATEGIC,
    body: { spec: { taints: [{ key: 'only', effect: 'NoExecute' }] } },
    status: 200,
  },
  merge('/api/v1/nodes/NODE?dryRun=All', { spec: { unschedulable: true } }, { status: 200 }),
  merge('/api/v1/nodes/NODE?dryRun=All', { spec: { unschedulable: false } }, { status: 200 }),
];
