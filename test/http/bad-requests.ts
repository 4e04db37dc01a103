import { recommendation, spoilt, workflow } from './good-requests.ts';

interface BadValue {
  title: string;
  /** How the pointer of the field ends, in either shape. */
  field: string;
  value: unknown;
}

const long = 'x'.repeat(100_000);

/** Values of the right type that are wrong all the same. */
export const badValues: readonly BadValue[] = [
  ...values('/replicas', [
    -1,
    2.9,
    1001,
    1e21,
    9_007_199_254_740_993,
    '',
    ' 3',
    '3 ',
    '-1',
    '2.9',
    '1e3',
    '0x3',
    '٣',
    '3;',
    'NaN',
    'Infinity',
    'three',
    long,
  ]),
  ...values('/override_hpa', ['true', '', 1, 0]),
  ...values('/allow_gitops', ['true', 1]),
  ...values('/reason', ['r'.repeat(1_001)]),
  ...values('/priority', [0, 10, -1, 1.5, 1e300, '1']),
  ...values('/confidence', ['0.9']),
  ...values('/timeout', [
    '',
    '10',
    'soon',
    '-5s',
    '5',
    '0.5s',
    '7h',
    '1e3s',
    '1s ',
    '５s',
    '1s;',
    '1w',
    '9'.repeat(39) + 's',
    long,
    -1,
    1.5,
    500,
    21_600_000_000_001,
    9e18,
    1e300,
    [120],
    { seconds: 1 },
  ]),
  ...values('/not_before', [
    '',
    'tomorrow',
    '2026-02-30T00:00:00Z',
    '2026-01-01',
    '2026-01-01T25:00:00Z',
    '2026-01-01T00:00:00',
    '1767225600',
    1_767_225_600,
    '2030-01-01T00:00:00Z; drop table execution',
    long,
  ]),
  ...values('/correlation_id', ['', 'c'.repeat(201), 'a\nb', 'a\u007fb']),
  ...values('/workflow_id', ['', 'w'.repeat(201), 'a\rb']),
  ...values('/action_id', ['', '-a', '.a', '../status', 'a b', 'a/b', 'a\nb', 'é', 'i'.repeat(129), 'a%2fb', "a'--"]),
  ...values('/alert/name', ['', 'n'.repeat(254), 'a\nb']),
  ...values('/alert/severity', ['s'.repeat(65)]),
  ...values('/alert/status', ['s'.repeat(65)]),
  ...values('/alert/description', ['d'.repeat(10_001)]),
  ...values('/alert/resource', ['r'.repeat(1_001)]),
  ...values('/alert/fingerprint', ['', 'f'.repeat(201), 'a\tb']),
  ...values('/alert/starts_at', ['9'.repeat(65)]),
  ...values('/alert/ends_at', ['9'.repeat(65)]),
  ...values('/alert/labels', [
    { key: 5 },
    { key: null },
    { key: 'v'.repeat(2_001) },
    { ['k'.repeat(318)]: 'v' },
    { nested: { a: 'b' } },
  ]),
  ...values('/alert/annotations', [{ key: false }, { key: 'v'.repeat(20_001) }, { ['k'.repeat(318)]: 'v' }]),
  ...values('/target/kind', ['', '1', 'Deploy ment', '../Pod', 'K'.repeat(101), 'Pod\n', 'Pod;']),
  ...values('/target/api_version', [
    '',
    'apps',
    'v',
    '../v1',
    '..%2f/v1',
    'apps/v1/x',
    'a..b/v1',
    '-a/v1',
    'Apps/v1',
    'v1\n',
    `${'a'.repeat(100)}/v1`,
  ]),
];

export interface BadBody {
  title: string;
  body: unknown;
  pointers: readonly string[];
}

/** Bodies that are wrong as a whole, or in ways of their own. */
export function badBodies(namespace: string): readonly BadBody[] {
  const { body } = workflow(namespace);
  const guide = recommendation(namespace).body;
  return [
    ...[null, true, 0, 'scale', [], [body]].map((whole) => ({
      title: `${JSON.stringify(whole).slice(0, 20)} as the body`,
      body: whole,
      pointers: [''],
    })),
    { title: 'an empty object', body: {}, pointers: ['/action'] },
    ...[null, 5, true, []].map((action) => ({
      title: `${JSON.stringify(action)} as the action`,
      body: { ...body, action },
      pointers: ['/action'],
    })),
    {
      title: 'the fields of the workflow service without an action',
      body: spoiltWithout(body, 'action'),
      pointers: ['/action'],
    },
    { title: 'both shapes in one', body: { ...guide, ...body }, pointers: ['/alert'] },
    {
      title: 'a parameter in two spellings',
      body: spoilt(body, '/parameters/overrideHpa', true),
      pointers: ['/parameters/overrideHpa'],
    },
    {
      title: 'a fault in a parameter in camelCase, where it was sent',
      body: {
        action: 'scale_deployment',
        parameters: { replicas: 1, resourceName: 'Web', overrideHpa: 3, someThing: 1 },
      },
      pointers: ['/parameters/resourceName', '/parameters/overrideHpa', '/parameters/someThing'],
    },
    {
      title: 'no target',
      body: { action: 'scale_deployment', parameters: { replicas: 1, namespace } },
      pointers: ['/target'],
    },
    {
      title: 'no namespace, in the workflow shape',
      body: { action: 'scale_deployment', parameters: { replicas: 1, resource_name: 'web' } },
      pointers: ['/parameters/namespace'],
    },
    {
      title: 'no namespace, beside a target',
      body: { action: 'scale_deployment', target: { name: 'web' }, parameters: { replicas: 1 } },
      pointers: ['/target/namespace'],
    },
    {
      title: 'no namespace, in the alert',
      body: {
        action: { action: 'scale_deployment', parameters: { replicas: 1 } },
        alert: { name: 'a', resource: 'web' },
      },
      pointers: ['/alert/namespace'],
    },
    {
      title: 'no namespace and no alert',
      body: { action: { action: 'scale_deployment', parameters: { replicas: 1, resource_name: 'web' } } },
      pointers: ['/action/parameters/namespace'],
    },
    { title: 'NUL in a key', body: { ...body, metadata: { 'a\u0000b': 1 } }, pointers: ['/metadata/a\u0000b'] },
    {
      title: 'half a surrogate pair in a key',
      body: { ...body, metadata: { a: [{ '\udfff': 1 }] } },
      pointers: ['/metadata/a/0/\udfff'],
    },
    {
      title: 'NUL deep in the metadata',
      body: { ...body, metadata: { a: [{ b: 'x\u0000' }] } },
      pointers: ['/metadata/a/0/b'],
    },
    {
      title: 'NUL in the reasoning',
      body: spoilt(guide, '/action/reasoning', ['\u0000']),
      pointers: ['/action/reasoning/0'],
    },
    {
      title: 'NUL in a label that names nothing',
      body: spoilt(guide, '/alert/labels/note', '\u0000'),
      pointers: ['/alert/labels/note'],
    },
    {
      title: '__proto__ in the metadata',
      body: JSON.parse(JSON.stringify(body).replace('"step":', '"__proto__":')),
      pointers: ['/metadata/__proto__'],
    },
    {
      title: 'a target by way of __proto__',
      body: JSON.parse(
        `{"action":"scale_deployment","parameters":{"replicas":1,"__proto__":{"namespace":"${namespace}","resource_name":"web"}}}`,
      ),
      pointers: ['/parameters/__proto__'],
    },
    {
      title: 'a megabyte of unknown fields',
      body: { ...body, ...Object.fromEntries(Array.from({ length: 50_000 }, (_, index) => [`field-${index}`, 1])) },
      pointers: ['/field-0'],
    },
  ];
}

function values(field: string, list: readonly unknown[]): BadValue[] {
  return list.map((value) => {
    const text = typeof value === 'number' ? String(value) : JSON.stringify(value);
    return { title: `${text.length > 40 ? `${text.slice(0, 30)}… (${text.length})` : text} in ${field}`, field, value };
  });
}

function spoiltWithout(body: Record<string, unknown>, key: string): unknown {
  return Object.fromEntries(Object.entries(body).filter(([name]) => name !== key));
}
