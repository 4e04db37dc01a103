import type { Listed } from './requests.ts';
import { MERGE } from './servers.ts';

const claims = '/api/v1/namespaces/NS/persistentvolumeclaims';
const volumes = '/api/v1/persistentvolumes';
const classes = '/apis/storage.k8s.io/v1/storageclasses';
type Expected = Pick<Listed, 'status' | 'reason' | 'causes'>;
const invalid = (...causes: string[]): Expected => ({ status: 422, reason: 'Invalid', causes });
const forbidden: Expected = { status: 403, reason: 'Forbidden' };
const merge = (path: string, body: unknown, expected: Expected): Listed => ({
  method: 'PATCH',
  path,
  contentType: MERGE,
  body,
  ...expected,
});
const post = (path: string, body: unknown, expected: Expected = { status: 201 }): Listed => ({
  method: 'POST',
  path,
  body,
  ...expected,
});
const storageClass = (name: string, rest: object = {}): object => ({
  metadata: { name: `NS-${name}` },
  provisioner: 'example.com/none',
  ...rest,
});
const claim = (name: string, className: string): object => ({
  metadata: { name },
  spec: {
    storageClassName: `NS-${className}`,
    accessModes: ['ReadWriteOnce'],
    resources: { requests: { storage: '1Gi' } },
  },
});
const volume = (name: string, className: string): object => ({
  metadata: { name: `NS-${name}` },
  spec: {
    storageClassName: `NS-${className}`,
    capacity: { storage: '1Gi' },
    accessModes: ['ReadWriteOnce'],
    hostPath: { path: '/x' },
    claimRef: { namespace: 'NS', name },
  },
});
const size = (storage: string | null): object => ({ spec: { resources: { requests: { storage } } } });

/** Storage classes, volumes and claims: what binds, and what grows. */
export const volumeRequests: Listed[] = [
  post(classes, storageClass('grows', { allowVolumeExpansion: true })),
  post(classes, storageClass('fixed')),
  post(classes, { metadata: { name: 'bad' } }, invalid('provisioner: FieldValueRequired')),
  post(
    classes,
    storageClass('bad', { reclaimPolicy: 'Nope', volumeBindingMode: 'Nope' }),
    invalid('reclaimPolicy: FieldValueNotSupported', 'volumeBindingMode: FieldValueNotSupported'),
  ),
  merge(`${classes}/NS-fixed`, { provisioner: 'other' }, invalid('provisioner: FieldValueInvalid')),
  merge(`${classes}/NS-fixed`, { reclaimPolicy: 'Retain' }, invalid('reclaimPolicy: FieldValueInvalid')),
  merge(`${classes}/NS-fixed`, { parameters: { a: 'b' } }, invalid('parameters: FieldValueInvalid')),
  post(volumes, volume('one', 'grows')),
  post(volumes, volume('two', 'fixed')),
  post(
    volumes,
    { metadata: { name: 'bad' }, spec: {} },
    invalid(
      'spec.accessModes: FieldValueRequired',
      'spec.capacity: FieldValueRequired',
      'spec.capacity: FieldValueNotSupported',
      'spec: FieldValueRequired',
    ),
  ),
  post(claims, claim('one', 'grows')),
  post(claims, claim('two', 'fixed')),
  post(claims, claim('waiting', 'grows')),
  post(
    claims,
    { metadata: { name: 'bad' }, spec: { accessModes: ['Foo'], resources: { requests: { storage: '0' } } } },
    invalid('spec.accessModes: FieldValueNotSupported', 'spec.resources[storage]: FieldValueInvalid'),
  ),
  merge(`${claims}/waiting`, size('2Gi'), invalid('spec: FieldValueForbidden')),
  { method: 'GET', path: `${claims}/one`, status: 200, afterMs: 4_000 },
  { method: 'GET', path: `${claims}/two`, status: 200 },
  { method: 'GET', path: `${volumes}/NS-one`, status: 200 },
  merge(`${claims}/two`, size('2Gi'), forbidden),
  merge(`${claims}/one`, size('2Gi'), { status: 200 }),
  merge(`${claims}/one`, size('1500Mi'), { status: 200 }),
  merge(`${claims}/one`, size('1Gi'), invalid('spec.resources.requests.storage: FieldValueForbidden')),
  merge(
    `${claims}/one`,
    size(null),
    invalid('spec.resources[storage]: FieldValueRequired', 'spec.resources.requests.storage: FieldValueForbidden'),
  ),
  merge(
    `${claims}/one`,
    size('0'),
    invalid('spec.resources[storage]: FieldValueInvalid', 'spec.resources.requests.storage: FieldValueForbidden'),
  ),
  merge(`${claims}/one`, { spec: { volumeName: 'x' } }, invalid('spec: FieldValueForbidden')),
  merge(`${claims}/one`, { spec: { storageClassName: 'x' } }, invalid('spec: FieldValueForbidden')),
  merge(`${claims}/one`, { spec: { resources: { limits: { storage: '1Gi' } } } }, invalid('spec: FieldValueForbidden')),
  // Nobody grows a volume of this provisioner: the status is written by hand.
  { method: 'GET', path: `${claims}/one`, status: 200, afterMs: 1_000 },
  merge(`${claims}/one/status`, { status: { capacity: { storage: '1500Mi' } } }, { status: 200 }),
  merge(`${claims}/one`, size('1200Mi'), invalid('spec.resources.requests.storage: FieldValueForbidden')),
  merge(
    `${claims}/one/status`,
    { status: { conditions: [{ type: 'FileSystemResizePending', status: 'True' }] } },
    { status: 200 },
  ),
  merge(
    `${volumes}/NS-one`,
    { spec: { hostPath: { path: '/other' } } },
    invalid('spec.persistentvolumesource: FieldValueForbidden'),
  ),
  { method: 'DELETE', path: `${claims}/one`, status: 200 },
  { method: 'DELETE', path: `${claims}/two`, status: 200 },
  { method: 'DELETE', path: `${volumes}/NS-one`, status: 200, afterMs: 1_000 },
  { method: 'DELETE', path: `${volumes}/NS-two`, status: 200 },
  { method: 'GET', path: `${volumes}/NS-one`, status: 404, reason: 'NotFound', afterMs: 1_000 },
  { method: 'DELETE', path: `${classes}/NS-grows`, status: 200 },
  { method: 'DELETE', path: `${classes}/NS-fixed`, status: 200 },
];
