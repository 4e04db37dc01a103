import type { Listed } from './requests.ts';
import { MERGE, STRATEGIC } from './servers.ts';

const pods = '/api/v1/namespaces/NS/pods';
const invalid = (...causes: string[]) => ({ status: 422, reason: 'Invalid', causes });
const strategic = (path: string, body: unknown, expected: Pick<Listed, 'status' | 'reason' | 'causes'>): Listed => ({
  method: 'PATCH',
  path,
  contentType: STRATEGIC,
  body,
  ...expected,
});
const resize = (container: object, expected: Pick<Listed, 'status' | 'reason' | 'causes'>): Listed =>
  strategic(`${pods}/sized/resize`, { spec: { containers: [container] } }, expected);
const debug = (container: object, expected: Pick<Listed, 'status' | 'reason' | 'causes'>): Listed =>
  strategic(`${pods}/sized/ephemeralcontainers`, { spec: { ephemeralContainers: [container] } }, expected);
const c = (resources: object): object => ({ name: 'c', resources });
const placed = { nodeName: 'NODE', tolerations: [{ operator: 'Exists' }] };

/** The subresources of a pod that write a part of it: in-place resize and ephemeral containers. */
export const podRequests: Listed[] = [
  {
    method: 'POST',
    path: pods,
    body: {
      metadata: { name: 'sized', labels: { a: 'b' } },
      spec: {
        ...placed,
        containers: [
          {
            name: 'c',
            image: 'i:1',
            resources: { requests: { cpu: '100m', memory: '100Mi' }, limits: { memory: '200Mi' } },
          },
          { name: 'd', image: 'i:1' },
        ],
      },
    },
    status: 201,
  },
  {
    method: 'POST',
    path: pods,
    body: { metadata: { name: 'free' }, spec: { ...placed, containers: [{ name: 'c', image: 'i:1' }] } },
    status: 201,
  },
  {
    method: 'POST',
    path: pods,
    body: {
      metadata: { name: 'early' },
      spec: {
        containers: [{ name: 'c', image: 'i:1' }],
        ephemeralContainers: [{ name: 'e', image: 'i:1' }],
      },
    },
    ...invalid('spec.ephemeralContainers: FieldValueForbidden'),
  },
  { method: 'PATCH', path: `${pods}/nope/resize`, contentType: MERGE, body: {}, status: 404, reason: 'NotFound' },
  { method: 'POST', path: `${pods}/sized/resize`, body: {}, status: 405, reason: 'MethodNotAllowed' },
  { method: 'DELETE', path: `${pods}/sized/ephemeralcontainers`, status: 405, reason: 'MethodNotAllowed' },
  { ...resize(c({ requests: { cpu: '200m' } }), { status: 200 }), afterMs: 1_000 },
  { method: 'GET', path: `${pods}/sized/resize`, status: 200, afterMs: 1_000 },
  resize(c({ requests: { cpu: null } }), invalid('spec.containers[0].resources.requests: FieldValueForbidden')),
  resize(c({ limits: { memory: null } }), invalid('spec.containers[0].resources.limits: FieldValueForbidden')),
  strategic(
    `${pods}/sized/resize`,
    {
      spec: {
        containers: ['c', 'd'].map((name) => ({
          name,
          resources: { limits: { cpu: '200m', memory: '100Mi' }, requests: { cpu: '200m', memory: '100Mi' } },
        })),
      },
    },
    invalid('spec: FieldValueInvalid'),
  ),
  resize(c({ requests: { 'ephemeral-storage': '1Gi' } }), invalid('spec: FieldValueForbidden')),
  resize(
    { name: 'c', resizePolicy: [{ resourceName: 'cpu', restartPolicy: 'RestartContainer' }] },
    invalid('spec: FieldValueForbidden'),
  ),
  resize(c({ limits: { memory: '50Mi' } }), invalid('spec.containers[0].resources.requests: FieldValueInvalid')),
  resize(c({ requests: { cpu: '-1' } }), invalid('spec.containers[0].resources.requests[cpu]: FieldValueInvalid')),
  resize(c({ requests: { cpu: '100' } }), { status: 403, reason: 'Forbidden', causes: ['undefined: NodeCapacity'] }),
  resize({ name: 'new', image: 'x' }, invalid('spec.containers: FieldValueForbidden')),
  // Whatever else a resize says is passed over.
  resize({ name: 'c', image: 'other:1' }, { status: 200 }),
  strategic(
    `${pods}/sized/resize`,
    { metadata: { labels: { x: 'y' } }, spec: { activeDeadlineSeconds: 5 } },
    { status: 200 },
  ),
  strategic(`${pods}/sized/resize`, { metadata: { resourceVersion: '1' } }, { status: 409, reason: 'Conflict' }),
  strategic(`${pods}/sized/resize`, { metadata: { uid: 'abc' } }, invalid('metadata.uid: FieldValueInvalid')),
  strategic(
    `${pods}/sized`,
    { spec: { containers: [c({ requests: { cpu: '1' } })] } },
    invalid('spec: FieldValueForbidden'),
  ),
  strategic(
    `${pods}/free/resize`,
    { spec: { containers: [c({ requests: { cpu: '100m' } })] } },
    invalid('spec: FieldValueInvalid', 'spec: FieldValueForbidden'),
  ),
  strategic(
    `${pods}/sized`,
    { spec: { ephemeralContainers: [{ name: 'e', image: 'i' }] } },
    invalid('spec: FieldValueForbidden'),
  ),
  debug({ name: 'dbg', image: 'busybox:1', command: ['sh'], targetContainerName: 'c' }, { status: 200 }),
  debug({ name: 'dbg', image: 'busybox:2' }, invalid('spec.ephemeralContainers: FieldValueForbidden')),
  debug({ name: 'dbg', $patch: 'delete' }, invalid('spec.ephemeralContainers: FieldValueForbidden')),
  debug({ name: 'c', image: 'busybox:1' }, invalid('spec.ephemeralContainers[0].name: FieldValueDuplicate')),
  debug({ name: 'x' }, invalid('spec.ephemeralContainers[0].image: FieldValueRequired')),
  debug({ name: 'X_', image: 'i' }, invalid('spec.ephemeralContainers[0].name: FieldValueInvalid')),
  debug(
    { name: 'y', image: 'i', targetContainerName: 'nope' },
    invalid('spec.ephemeralContainers[0].targetContainerName: FieldValueNotFound'),
  ),
  debug(
    { name: 'y', image: 'i', ports: [{ containerPort: 1 }] },
    invalid('spec.ephemeralContainers[0].ports: FieldValueForbidden'),
  ),
  debug(
    { name: 'y', image: 'i', resources: { limits: { cpu: '1' } } },
    invalid('spec.ephemeralContainers[0].resources: FieldValueForbidden'),
  ),
  debug(
    { name: 'y', image: 'i', livenessProbe: { httpGet: { port: 1 } } },
    invalid('spec.ephemeralContainers[0].livenessProbe: FieldValueForbidden'),
  ),
  strategic(
    `${pods}/sized/ephemeralcontainers`,
    { metadata: { labels: { x: 'y' } }, spec: { containers: [{ name: 'c', image: 'zzz' }] } },
    { status: 200 },
  ),
  strategic(
    `${pods}/sized/ephemeralcontainers`,
    { metadata: { uid: 'abc' } },
    invalid('metadata.uid: FieldValueInvalid'),
  ),
];
