import type { Listed } from './requests.ts';
import { MERGE, STRATEGIC } from './servers.ts';

const definitions = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';
const group = '/apis/NS.example.com/v1';
const widgets = `${group}/namespaces/NS/widgets`;
type Expected = Pick<Listed, 'status' | 'reason' | 'causes'>;
const invalid = (...causes: string[]): Expected => ({ status: 422, reason: 'Invalid', causes });
const merge = (path: string, body: unknown, expected: Expected = { status: 200 }): Listed => ({
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
const schema = {
  type: 'object',
  properties: {
    spec: {
      type: 'object',
      required: ['size'],
      properties: {
        size: { type: 'integer', minimum: 1, maximum: 9 },
        mode: { type: 'string', enum: ['a', 'b'] },
        colour: { type: 'string', default: 'red' },
        list: { type: 'array', items: { type: 'object', properties: { name: { type: 'string', maxLength: 3 } } } },
        labels: { type: 'object', additionalProperties: { type: 'string' } },
        free: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true },
      },
    },
    status: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true },
  },
};
const definition = (rest: object = {}, name = 'widgets.NS.example.com'): object => ({
  metadata: { name },
  spec: {
    group: 'NS.example.com',
    scope: 'Namespaced',
    names: { plural: 'widgets', kind: 'Widget' },
    versions: [
      { name: 'v1', served: true, storage: true, subresources: { status: {} }, schema: { openAPIV3Schema: schema } },
    ],
    ...rest,
  },
});
const widget = (spec: object, rest: object = {}): object => ({
  apiVersion: 'NS.example.com/v1',
  kind: 'Widget',
  metadata: { name: 'w' },
  spec,
  ...rest,
});

/** Kinds that a CustomResourceDefinition adds: what is kept, refused and answered. */
export const customKindRequests: Listed[] = [
  post(definitions, definition({}, 'other.NS.example.com'), invalid('metadata.name: FieldValueInvalid')),
  post(
    definitions,
    definition({ group: 'NS.k8s.io' }, 'widgets.NS.k8s.io'),
    invalid('metadata.annotations[api-approved.kubernetes.io]: FieldValueRequired'),
  ),
  { method: 'GET', path: widgets, status: 404 },
  post(definitions, definition()),
  post(definitions, definition(), { status: 409, reason: 'AlreadyExists' }),
  { method: 'GET', path: `${definitions}/widgets.NS.example.com`, status: 200, afterMs: 2_000 },
  { method: 'GET', path: widgets, status: 200, afterMs: 3_000 },
  { method: 'GET', path: `${widgets}/nope`, status: 404, reason: 'NotFound' },
  { method: 'GET', path: `${group}/nope`, status: 404 },
  post(
    widgets,
    widget(
      { size: 1, unknown: 2, list: [], labels: {}, free: { x: [1, { y: null }], z: {} } },
      { status: { a: 1 }, extra: 1 },
    ),
  ),
  post(widgets, { metadata: { name: 'w2' }, spec: { size: 1 } }, { status: 400, reason: 'BadRequest' }),
  post(widgets, widget({ size: 1 }), { status: 409, reason: 'AlreadyExists' }),
  post(
    widgets,
    widget({ size: 'x', mode: 'c', list: [{ name: 'long' }], labels: { a: 1 } }),
    invalid(
      'spec.size: FieldValueTypeInvalid',
      'spec.mode: FieldValueNotSupported',
      'spec.list[0].name: FieldValueTooLong',
      'spec.labels.a: FieldValueTypeInvalid',
    ),
  ),
  post(widgets, widget({ size: 0 }), invalid('spec.size: FieldValueInvalid')),
  post(widgets, widget({ size: 10 }), invalid('spec.size: FieldValueInvalid')),
  post(widgets, widget({}), invalid('spec.size: FieldValueRequired')),
  post(`${widgets}?fieldValidation=Strict`, widget({ size: 1, nope: 1 }), { status: 400, reason: 'BadRequest' }),
  merge(`${widgets}/w`, { spec: { size: 3 }, status: { b: 1 } }),
  merge(`${widgets}/w/status`, {
    spec: { size: 4 },
    status: { b: 1, conditions: [{ type: 'Ready', status: 'True' }] },
  }),
  merge(`${widgets}/w`, { metadata: { annotations: { a: 'b' } } }),
  merge(`${widgets}/w`, { metadata: { labels: { a: 'b:c' } } }, invalid('metadata.labels: FieldValueInvalid')),
  merge(`${widgets}/w`, { metadata: { uid: 'abc' } }, invalid('metadata.uid: FieldValueInvalid')),
  merge(`${widgets}/w`, { metadata: { resourceVersion: '1' } }, { status: 409, reason: 'Conflict' }),
  merge(`${widgets}/w`, { spec: { size: 'x' } }, invalid('spec.size: FieldValueTypeInvalid')),
  {
    method: 'PATCH',
    path: `${widgets}/w`,
    contentType: STRATEGIC,
    body: { spec: { size: 3 } },
    status: 415,
    reason: 'UnsupportedMediaType',
  },
  {
    method: 'PUT',
    path: `${widgets}/w`,
    body: widget({ size: 5 }),
    ...invalid('metadata.resourceVersion: FieldValueInvalid'),
  },
  { method: 'GET', path: `${widgets}?fieldSelector=spec.size=3`, status: 400, reason: 'BadRequest' },
  { method: 'GET', path: `${widgets}?fieldSelector=metadata.name=w`, status: 200 },
  { method: 'GET', path: `${widgets}/w`, status: 200 },
  { method: 'DELETE', path: `${widgets}/w`, status: 200 },
];
