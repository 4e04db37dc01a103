import type { Listed } from './requests.ts';
import { JSON_PATCH, MERGE, STRATEGIC } from './servers.ts';

const core = '/api/v1/namespaces/NS';
const policies = '/apis/networking.k8s.io/v1/namespaces/NS/networkpolicies';
const scalers = '/apis/autoscaling/v2/namespaces/NS/horizontalpodautoscalers';
type Expected = Pick<Listed, 'status' | 'reason' | 'causes'>;
const invalid = (...causes: string[]): Expected => ({ status: 422, reason: 'Invalid', causes });
const patch = (path: string, body: unknown, expected: Expected = { status: 200 }, contentType = MERGE): Listed => ({
  method: 'PATCH',
  path,
  contentType,
  body,
  ...expected,
});
const post = (path: string, body: unknown, expected: Expected = { status: 201 }): Listed => ({
  method: 'POST',
  path,
  body,
  ...expected,
});
const policy = (spec: object, name = 'p'): object => ({ metadata: { name }, spec: { podSelector: {}, ...spec } });
const scaler = (spec: object, name = 'h'): object => ({
  metadata: { name },
  spec: { maxReplicas: 3, scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'none' }, ...spec },
});
const cpu = (target: object): object => ({ type: 'Resource', resource: { name: 'cpu', target } });

/** What configuration has to be like: network policies, autoscalers, Secrets and ConfigMaps. */
export const configurationRequests: Listed[] = [
  post(policies, policy({ policyTypes: ['Ingress', 'Egress'] })),
  post(
    `${policies}?dryRun=All`,
    policy(
      {
        ingress: [
          {
            from: [
              { podSelector: { matchLabels: { a: 'b' } } },
              { ipBlock: { cidr: '10.0.0.0/8', except: ['10.1.0.0/16'] } },
            ],
            ports: [{ port: 80 }, { protocol: 'UDP', port: 'dns' }, { port: 100, endPort: 200 }],
          },
        ],
        egress: [{ to: [{ namespaceSelector: {} }] }],
      },
      'q',
    ),
  ),
  post(
    `${policies}?dryRun=All`,
    policy({ policyTypes: ['Nope'] }),
    invalid('spec.policyTypes[0]: FieldValueNotSupported'),
  ),
  post(
    `${policies}?dryRun=All`,
    policy({ policyTypes: ['Ingress', 'Egress', 'Ingress'] }),
    invalid('spec.policyTypes: FieldValueInvalid'),
  ),
  post(
    `${policies}?dryRun=All`,
    policy({ ingress: [{ from: [{}] }] }),
    invalid('spec.ingress[0].from[0]: FieldValueRequired'),
  ),
  post(
    `${policies}?dryRun=All`,
    policy({ ingress: [{ from: [{ podSelector: {}, ipBlock: { cidr: '10.0.0.0/8' } }] }] }),
    invalid('spec.ingress[0].from[0]: FieldValueForbidden'),
  ),
  post(
    `${policies}?dryRun=All`,
    policy({ egress: [{ to: [{ ipBlock: { cidr: 'nope' } }] }] }),
    invalid('spec.egress[0].to[0].ipBlock.cidr: FieldValueInvalid'),
  ),
  post(
    `${policies}?dryRun=All`,
    policy({ egress: [{ to: [{ ipBlock: { cidr: '' } }] }] }),
    invalid('spec.egress[0].to[0].ipBlock.cidr: FieldValueRequired'),
  ),
  post(
    `${policies}?dryRun=All`,
    policy({ egress: [{ to: [{ ipBlock: { cidr: '10.0.0.0/8', except: ['11.0.0.0/16'] } }] }] }),
    invalid('spec.egress[0].to[0].ipBlock.except[0]: FieldValueInvalid'),
  ),
  post(
    `${policies}?dryRun=All`,
    policy({
      ingress: [{ ports: [{ port: 0 }, { port: 'A_B' }, { protocol: 'X' }, { port: 5, endPort: 4 }, { endPort: 4 }] }],
    }),
    invalid(
      'spec.ingress[0].ports[0].port: FieldValueInvalid',
      'spec.ingress[0].ports[1].port: FieldValueInvalid',
      'spec.ingress[0].ports[2].protocol: FieldValueNotSupported',
      'spec.ingress[0].ports[3].endPort: FieldValueInvalid',
      'spec.ingress[0].ports[4].endPort: FieldValueInvalid',
    ),
  ),
  post(
    `${policies}?dryRun=All`,
    policy({ podSelector: { matchExpressions: [{ key: 'a', operator: 'In' }] } }),
    invalid('spec.podSelector.matchExpressions[0].values: FieldValueRequired'),
  ),
  patch(`${policies}/p`, { spec: { ingress: [{}], policyTypes: ['Ingress'] } }),
  patch(`${policies}/p`, { spec: { egress: [{ to: [] }] } }),
  patch(`${policies}/p`, { spec: { policyTypes: ['Nope'] } }, invalid('spec.policyTypes[0]: FieldValueNotSupported')),
  patch(
    `${policies}/p`,
    [
      { op: 'test', path: '/spec/policyTypes', value: ['Ingress'] },
      { op: 'replace', path: '/spec/policyTypes', value: ['Ingress', 'Egress'] },
      { op: 'add', path: '/spec/ingress', value: [] },
    ],
    { status: 200 },
    JSON_PATCH,
  ),
  { method: 'GET', path: `${policies}/p`, status: 200 },
  // Autoscalers
  post(scalers, scaler({ minReplicas: 2, metrics: [cpu({ type: 'Utilization', averageUtilization: 70 })] })),
  patch(`${scalers}/h`, { spec: { minReplicas: 4 } }, invalid('spec.maxReplicas: FieldValueInvalid')),
  patch(
    `${scalers}/h`,
    { spec: { minReplicas: 0 } },
    invalid('spec.minReplicas: FieldValueInvalid', 'spec.metrics: FieldValueForbidden'),
  ),
  patch(
    `${scalers}/h`,
    { spec: { maxReplicas: 0 } },
    invalid('spec.maxReplicas: FieldValueRequired', 'spec.maxReplicas: FieldValueInvalid'),
  ),
  patch(
    `${scalers}/h`,
    { spec: { maxReplicas: null } },
    invalid('spec.maxReplicas: FieldValueRequired', 'spec.maxReplicas: FieldValueInvalid'),
  ),
  patch(
    `${scalers}/h`,
    { spec: { metrics: [cpu({ type: 'Utilization', averageUtilization: 0 })] } },
    invalid('spec.metrics[0].resource.target.averageUtilization: FieldValueInvalid'),
  ),
  patch(
    `${scalers}/h`,
    { spec: { metrics: [cpu({ type: 'Utilization' })] } },
    invalid('spec.metrics[0].resource.target.averageUtilization: FieldValueRequired'),
  ),
  patch(
    `${scalers}/h`,
    { spec: { metrics: [cpu({ type: 'Nope', averageUtilization: 5 })] } },
    invalid('spec.metrics[0].resource.target.type: FieldValueInvalid'),
  ),
  patch(
    `${scalers}/h`,
    { spec: { metrics: [{ type: 'Nope' }] } },
    invalid('spec.metrics[0].type: FieldValueNotSupported'),
  ),
  patch(
    `${scalers}/h`,
    { spec: { metrics: [{ type: 'Resource' }] } },
    invalid('spec.metrics[0].resource: FieldValueRequired'),
  ),
  patch(
    `${scalers}/h`,
    { spec: { scaleTargetRef: { name: null } } },
    invalid('spec.scaleTargetRef.name: FieldValueRequired'),
  ),
  patch(`${scalers}/h`, {
    spec: {
      maxReplicas: 9,
      metrics: [
        cpu({ type: 'Utilization', averageUtilization: 150 }),
        { type: 'Resource', resource: { name: 'memory', target: { type: 'AverageValue', averageValue: '1.5Gi' } } },
      ],
    },
  }),
  // Secrets and ConfigMaps
  post(`${core}/secrets`, { metadata: { name: 'sec' }, data: { a: 'b2xk' }, stringData: { a: 'new', b: '' } }),
  post(
    `${core}/secrets?dryRun=All`,
    { metadata: { name: 'x' }, data: { a: '***' } },
    { status: 400, reason: 'BadRequest' },
  ),
  post(
    `${core}/secrets?dryRun=All`,
    { metadata: { name: 'x' }, type: 'kubernetes.io/tls', data: { 'tls.crt': 'YQ==' } },
    invalid('data[tls.key]: FieldValueRequired'),
  ),
  post(
    `${core}/secrets?dryRun=All`,
    { metadata: { name: 'x' }, type: 'kubernetes.io/basic-auth', data: {} },
    invalid('data[username]: FieldValueRequired', 'data[password]: FieldValueRequired'),
  ),
  post(
    `${core}/secrets?dryRun=All`,
    { metadata: { name: 'x' }, type: 'kubernetes.io/ssh-auth' },
    invalid('data[ssh-privatekey]: FieldValueRequired'),
  ),
  post(
    `${core}/secrets?dryRun=All`,
    { metadata: { name: 'x' }, type: 'kubernetes.io/dockerconfigjson', data: { '.dockerconfigjson': 'eA==' } },
    invalid('data[.dockerconfigjson]: FieldValueInvalid'),
  ),
  post(
    `${core}/secrets?dryRun=All`,
    { metadata: { name: 'x' }, type: 'kubernetes.io/service-account-token' },
    invalid('metadata.annotations[kubernetes.io/service-account.name]: FieldValueRequired'),
  ),
  patch(`${core}/secrets/sec`, { data: { a: 'bmV3ZXI=', b: null } }),
  patch(`${core}/secrets/sec`, { stringData: { c: 'ü' } }, { status: 200 }, STRATEGIC),
  patch(`${core}/secrets/sec`, { data: { a: '***' } }, invalid('patch: FieldValueInvalid')),
  patch(`${core}/secrets/sec`, { data: { 'a b': 'YQ==' } }, invalid('data[a b]: FieldValueInvalid')),
  patch(
    `${core}/secrets/sec`,
    { type: 'kubernetes.io/tls' },
    invalid('type: FieldValueInvalid', 'data[tls.crt]: FieldValueRequired', 'data[tls.key]: FieldValueRequired'),
  ),
  patch(`${core}/secrets/sec`, { immutable: true }),
  patch(`${core}/secrets/sec`, { data: { a: 'YQ==' } }, invalid('data: FieldValueForbidden')),
  patch(`${core}/secrets/sec`, { immutable: null }, invalid('immutable: FieldValueForbidden')),
  patch(`${core}/secrets/sec`, { metadata: { labels: { a: 'b' } } }),
  post(`${core}/configmaps`, { metadata: { name: 'map' }, data: { a: 'b' }, binaryData: { c: 'YQ==' } }),
  post(
    `${core}/configmaps?dryRun=All`,
    { metadata: { name: 'x' }, data: { a: 'b' }, binaryData: { a: 'YQ==' } },
    invalid('data[a]: FieldValueInvalid'),
  ),
  patch(`${core}/configmaps/map`, { immutable: true }),
  patch(`${core}/configmaps/map`, { binaryData: { c: 'Yg==' } }, invalid('binaryData: FieldValueForbidden')),
  patch(`${core}/configmaps/map`, { immutable: false }, invalid('immutable: FieldValueForbidden')),
];
