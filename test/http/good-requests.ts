/** A request in which every field stands, with a value that is good. Tests spoil one at a time. */
export interface GoodRequest {
  shape: string;
  body: Record<string, unknown>;
  fields: readonly Field[];
}

export interface Field {
  pointer: string;
  /** JSON types of which it takes the sample below. */
  takes: readonly JsonType[];
  required?: true;
}

export type JsonType = 'null' | 'boolean' | 'number' | 'string' | 'array' | 'object';

/** One value of each JSON type: a number that is neither whole nor in any range, a text that is no name. */
export const sampleOf: Record<JsonType, unknown> = {
  null: null,
  boolean: true,
  number: -7.5,
  string: 'some text',
  array: [],
  object: {},
};

export const jsonTypes: readonly JsonType[] = ['null', 'boolean', 'number', 'string', 'array', 'object'];

const anything = jsonTypes;
const text: readonly JsonType[] = ['null', 'string'];
const object: readonly JsonType[] = ['null', 'object'];

const common: readonly Field[] = [
  { pointer: '/target', takes: ['null'] },
  { pointer: '/target/kind', takes: ['null'] },
  { pointer: '/target/api_version', takes: ['null'] },
  { pointer: '/target/namespace', takes: ['null'] },
  { pointer: '/target/name', takes: [], required: true },
  { pointer: '/dry_run', takes: ['null', 'boolean'] },
  { pointer: '/timeout', takes: ['null'] },
  { pointer: '/correlation_id', takes: text },
  { pointer: '/not_before', takes: ['null'] },
];

const parameters = (at: string): readonly Field[] => [
  { pointer: at, takes: object },
  { pointer: `${at}/replicas`, takes: [], required: true },
  { pointer: `${at}/override_hpa`, takes: ['boolean'] },
  { pointer: `${at}/allow_gitops`, takes: ['boolean'] },
  { pointer: `${at}/reason`, takes: ['string'] },
  { pointer: `${at}/namespace`, takes: [] },
  { pointer: `${at}/resource_type`, takes: [] },
  { pointer: `${at}/resource_name`, takes: [] },
  { pointer: `${at}/node_name`, takes: [] },
];

const target = (namespace: string) => ({ kind: 'Deployment', api_version: 'apps/v1', namespace, name: 'web-server' });
const given = (namespace: string) => ({
  replicas: 3,
  override_hpa: false,
  allow_gitops: false,
  reason: 'too slow',
  namespace,
  resource_type: 'deployment',
  resource_name: 'web-server',
});

/** The guide's shape. */
export function recommendation(namespace: string): GoodRequest {
  return {
    shape: 'recommendation',
    body: {
      action: {
        action: 'scale-deployment',
        parameters: given(namespace),
        priority: 1,
        confidence: 0.9,
        reasoning: { summary: 'busy' },
      },
      alert: {
        name: 'HighCPUUsage',
        severity: 'critical',
        status: 'firing',
        description: 'The processor is busy',
        namespace,
        resource: 'deployment/web-server',
        labels: { deployment: 'web-server' },
        annotations: { runbook: 'https://runbooks.example/cpu' },
        fingerprint: 'c0ffee',
        starts_at: '2026-01-01T00:00:00Z',
        ends_at: '0001-01-01T00:00:00Z',
      },
      target: target(namespace),
      dry_run: true,
      timeout: '120s',
      correlation_id: 'incident-7',
    },
    fields: [
      { pointer: '/action/action', takes: ['string'], required: true },
      ...parameters('/action/parameters'),
      { pointer: '/action/priority', takes: ['null'] },
      { pointer: '/action/confidence', takes: ['null', 'number'] },
      { pointer: '/action/reasoning', takes: anything },
      { pointer: '/alert', takes: ['null'] },
      { pointer: '/alert/name', takes: ['string'], required: true },
      ...['severity', 'status', 'description', 'resource', 'fingerprint', 'starts_at', 'ends_at'].map((key) => ({
        pointer: `/alert/${key}`,
        takes: text,
      })),
      { pointer: '/alert/namespace', takes: ['null'] },
      { pointer: '/alert/labels', takes: object },
      { pointer: '/alert/labels/deployment', takes: ['string'] },
      { pointer: '/alert/annotations', takes: object },
      { pointer: '/alert/annotations/runbook', takes: ['string'] },
      ...common,
    ],
  };
}

/** The workflow service's shape. */
export function workflow(namespace: string): GoodRequest {
  return {
    shape: 'workflow',
    body: {
      action_id: 'wf-7-action-1',
      action: 'scale-deployment',
      workflow_id: 'wf-7',
      parameters: given(namespace),
      priority: 9,
      metadata: { step: { number: 1 } },
      target: target(namespace),
      dry_run: true,
      timeout: 120_000_000_000,
      correlation_id: 'incident-7',
    },
    fields: [
      { pointer: '/action_id', takes: ['null'] },
      { pointer: '/action', takes: ['string'], required: true },
      { pointer: '/workflow_id', takes: text },
      ...parameters('/parameters'),
      { pointer: '/priority', takes: ['null'] },
      { pointer: '/metadata', takes: object },
      ...common,
    ],
  };
}

const missing = Symbol('missing');
export const left = { out: missing };

/** A copy of the body with another value at the pointer, or without it. */
export function spoilt(body: unknown, pointer: string, value: unknown): unknown {
  const [, ...keys] = pointer.split('/');
  return replaced(body, keys, value);
}

function replaced(node: unknown, [key, ...rest]: readonly string[], value: unknown): unknown {
  if (key === undefined) return value;
  const entries = Object.entries((node ?? {}) as object).filter(([name]) => name !== key);
  const child = replaced(((node ?? {}) as Record<string, unknown>)[key], rest, value);
  return Object.fromEntries(child === missing ? entries : [...entries, [key, child]]);
}
