import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { refusals } from '../../../src/actions/refusal.ts';
import { settingList } from '../../../src/config/setting-list.ts';
import type { ConnectedCluster } from '../../../src/platform/kubernetes-connection.ts';
import type { Rule } from '../../../src/policy/rule.ts';
import { rules } from '../../../src/policy/rules.ts';
import { recordCalls } from '../../support/calls.ts';
import {
  connectTestClient,
  createDeployment,
  createNamespace,
  createNodes,
  ensureNodes,
  eventually,
} from '../../support/cluster.ts';
import { type Answer, type Replica, type Service, startService } from '../../support/service.ts';

/** One request: an action, its parameters, and what else stands in the body. */
type Request = [action: string, parameters: Record<string, unknown>, more?: Record<string, unknown>];

interface Row {
  rule: string;
  of: string;
  /** Settings of the rule beside its verdict. */
  settings?: Record<string, unknown>;
  /** Done first, by a replica on which every rule is off. */
  before?: Request[];
  denied: Request;
  detail: RegExp;
  allowed: Request;
  /** What the rule asks of the API server for the allowed request, which is not asked without it. */
  calls?: string[];
}

let cluster: ConnectedCluster;
let namespace: string;
let other: string;
let labelled: string;
const nodes = ['table-worker', 'table-master', 'table-etcd'];

beforeAll(async () => {
  cluster = await connectTestClient();
  await ensureNodes(cluster, ['node-1', 'node-2']);
  await createNodes(cluster, nodes);
  for (const [node, role] of [
    ['table-master', 'control-plane'],
    ['table-etcd', 'etcd'],
  ] as const)
    await label({ apiVersion: 'v1', kind: 'Node', name: node }, { [`node-role.kubernetes.io/${role}`]: '' });
  namespace = await createNamespace(cluster, 'table');
  other = await createNamespace(cluster, 'beside');
  labelled = await createNamespace(cluster, 'labelled');
  await label({ apiVersion: 'v1', kind: 'Namespace', name: labelled }, { 'team/guarded': 'yes' });
  const maxUnavailable = { strategy: { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: 1, maxSurge: 0 } } };
  await Promise.all([
    ...['web', 'two', 'swings'].map((name) => createDeployment(cluster, { namespace, name, replicas: 2 })),
    ...['first', 'second'].map((name) => createDeployment(cluster, { namespace, name, replicas: 0 })),
    createDeployment(cluster, { namespace, name: 'one', replicas: 1 }),
    createDeployment(cluster, { namespace, name: 'guarded', replicas: 1, labels: { 'team/guarded': 'yes' } }),
    createDeployment(cluster, { namespace, name: 'argo', replicas: 1, labels: { 'argocd.argoproj.io/instance': 'x' } }),
    createDeployment(cluster, { namespace, name: 'scaled', replicas: 1 }),
    createDeployment(cluster, { namespace, name: 'tight', replicas: 2, spec: maxUnavailable }),
    createDeployment(cluster, {
      namespace,
      name: 'never',
      replicas: 0,
      podAnnotations: { 'test/never-ready': 'true' },
    }),
    createDeployment(cluster, { namespace: other, name: 'web', replicas: 2 }),
    createDeployment(cluster, { namespace: labelled, name: 'web', replicas: 1 }),
  ]);
  await cluster.create({
    apiVersion: 'autoscaling/v2',
    kind: 'HorizontalPodAutoscaler',
    metadata: { name: 'scaled', namespace },
    spec: { scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'scaled' }, maxReplicas: 3 },
  });
  const budget = { apiVersion: 'policy/v1', kind: 'PodDisruptionBudget', namespace, name: 'tight' };
  await cluster.create({
    apiVersion: budget.apiVersion,
    kind: budget.kind,
    metadata: { name: 'tight', namespace },
    spec: { minAvailable: 2, selector: { matchLabels: { app: 'tight' } } },
  });
  await eventually(async () => expect((await cluster.get(budget)).status).toMatchObject({ currentHealthy: 2 }));
}, 60_000);

afterAll(async () => {
  for (const name of [namespace, other, labelled]) await cluster.delete({ apiVersion: 'v1', kind: 'Namespace', name });
  for (const name of nodes) await cluster.delete({ apiVersion: 'v1', kind: 'Node', name });
  await cluster.close();
});

async function label(reference: { apiVersion: string; kind: string; name: string }, labels: Record<string, string>) {
  await cluster.patch(reference, { type: 'merge', body: { metadata: { labels } } });
}

const scale = (name: string, replicas: number, more: Record<string, unknown> = { dry_run: true }): Request => [
  'scale_deployment',
  { namespace, resource_name: name, replicas },
  more,
];
const elsewhere = (replicas: number): Request => [
  'scale_deployment',
  { namespace: other, resource_name: 'web', replicas },
  {},
];
const restart = (name: string, more: Record<string, unknown> = { dry_run: true }): Request => [
  'restart_deployment',
  { namespace, resource_name: name },
  more,
];
const cordon = (node_name: string): Request => ['cordon_node', { node_name }, { dry_run: true }];
const table = { namespaces: ['table-*'] };

/** The namespaces come about only once the tests run. */
const rows: (() => Row)[] = [
  () => ({
    rule: 'protected_target',
    of: 'a namespace',
    settings: { namespaces: [namespace], labels: [] },
    denied: scale('web', 3),
    detail: /is protected: the namespace table-.* is/,
    allowed: elsewhere(3),
  }),
  () => ({
    rule: 'protected_target',
    of: 'a label of the target',
    settings: { labels: ['team/guarded=yes'] },
    denied: scale('guarded', 3),
    detail: /is protected: it has the label team\/guarded=yes/,
    allowed: scale('web', 3),
    calls: ['get namespaces'],
  }),
  () => ({
    rule: 'protected_target',
    of: 'a label of its Namespace',
    settings: { labels: ['team/guarded'] },
    denied: ['scale_deployment', { namespace: labelled, resource_name: 'web', replicas: 2 }, { dry_run: true }],
    detail: /is protected: the namespace labelled-.* has the label team\/guarded/,
    allowed: scale('web', 3),
    calls: ['get namespaces'],
  }),
  () => ({
    rule: 'allowed_actions',
    of: 'an action',
    settings: { by_namespace: [{ ...table, deny: ['scale_*'] }] },
    denied: scale('web', 3),
    detail: /scale_deployment is denied in table-/,
    allowed: restart('web'),
  }),
  () => ({
    rule: 'gitops_managed',
    of: 'a workload of Argo CD',
    denied: scale('argo', 3),
    detail: /is managed by Argo CD/,
    allowed: scale('web', 3),
  }),
  () => ({
    rule: 'hpa_conflict',
    of: 'a scaled workload',
    denied: scale('scaled', 3),
    detail: /manages the replicas of Deployment/,
    allowed: scale('web', 3),
    calls: ['list horizontalpodautoscalers.autoscaling'],
  }),
  () => ({
    rule: 'control_plane',
    of: 'a node of it',
    denied: cordon('table-master'),
    detail: /belongs to the control plane/,
    allowed: cordon('table-worker'),
  }),
  () => ({
    rule: 'last_node',
    of: 'a member without whom there is no majority',
    denied: cordon('table-etcd'),
    detail: /can't be spared: of 1 nodes with the label node-role.kubernetes.io\/etcd 0 would stay/,
    allowed: cordon('table-worker'),
    calls: ['list nodes'],
  }),
  () => ({
    rule: 'minimum_replicas',
    of: 'a scaling down',
    settings: { by_namespace: [{ ...table, replicas: 2 }] },
    denied: scale('two', 1),
    detail: /keeps 2 replicas at least in table-/,
    allowed: scale('two', 3),
  }),
  () => ({
    rule: 'single_replica',
    of: 'the only pod',
    denied: ['restart_pod', { namespace, resource_name: 'one', resource_type: 'Deployment' }, { dry_run: true }],
    detail: /would have no ready pod for a while/,
    allowed: ['restart_pod', { namespace, resource_name: 'two', resource_type: 'Deployment' }, { dry_run: true }],
  }),
  () => ({
    rule: 'budget_headroom',
    of: 'a rollout',
    denied: restart('tight'),
    detail: /budget table-.*\/tight can spare no pod/,
    allowed: [
      'restart_pod',
      { namespace, resource_name: 'two', resource_type: 'Deployment', force: true },
      { dry_run: true },
    ],
    calls: ['list poddisruptionbudgets.policy'],
  }),
  () => ({
    rule: 'freeze_window',
    of: 'a window',
    settings: { windows: [{ name: 'always', ...table, schedule: '* * * * *', duration: '1h' }] },
    denied: scale('two', 3, {}),
    detail: /always is a window in which nothing is changed in table-/,
    allowed: elsewhere(4),
  }),
  () => ({
    rule: 'failure_backoff',
    of: 'a failure',
    before: [scale('never', 1, { timeout: '1s' })],
    denied: scale('never', 2, { timeout: '1s' }),
    detail: /scale_deployment has failed once on Deployment/,
    allowed: elsewhere(5),
  }),
  () => ({
    rule: 'failure_backoff',
    of: 'a failure after the last that passes',
    settings: { blocked_after: 1 },
    before: [scale('never', 1, { timeout: '1s' })],
    denied: scale('never', 2, { timeout: '1s' }),
    detail: /it is blocked until that is acknowledged/,
    allowed: elsewhere(6),
  }),
  () => ({
    rule: 'oscillation',
    of: 'scaling to and fro',
    settings: { scale_flips: 1 },
    before: [scale('swings', 3, {}), scale('swings', 2, {})],
    denied: scale('swings', 3, {}),
    detail: /has been scaled to and fro once within 30m; 1 may be/,
    allowed: elsewhere(7),
  }),
  () => ({
    rule: 'custom',
    of: 'an expression',
    settings: {
      custom: [
        {
          name: 'few',
          ...table,
          expression: 'has(parameters.replicas) && parameters.replicas > 5',
          reason: 'too many',
        },
      ],
    },
    denied: scale('web', 6),
    detail: /^rule few: too many$/,
    allowed: scale('web', 3),
  }),
  () => ({
    rule: 'custom',
    of: 'an expression over the labels of the namespace',
    settings: {
      custom: [{ name: 'guard', expression: '"team/guarded" in namespace_labels', reason: 'guarded' }],
    },
    denied: ['scale_deployment', { namespace: labelled, resource_name: 'web', replicas: 2 }, { dry_run: true }],
    detail: /rule guard: guarded/,
    allowed: scale('web', 3),
    calls: ['get namespaces'],
  }),
  () => ({
    rule: 'blast_radius',
    of: 'one target more',
    settings: { targets_per_namespace: 1 },
    before: [scale('first', 1, {})],
    denied: scale('second', 1, {}),
    detail: /1 targets in table-.* have been changed within 10m, and 1 may be/,
    allowed: elsewhere(8),
  }),
  () => ({
    rule: 'namespace_quota',
    of: 'one execution more',
    settings: { by_namespace: [{ ...table, executions: 1, window: '1h' }] },
    before: [scale('first', 2, {})],
    denied: scale('second', 2, {}),
    detail: /1 executions have changed something in table-.* within 1h, and 1 may/,
    allowed: elsewhere(9),
  }),
];

const names = [...new Set(settingList.map(({ path }) => path).filter(([a, b]) => a === 'safety' && b === 'rules'))].map(
  ([, , name = '']) => name,
);

/** All rules off but the one, which has that verdict. */
function only({ rule, settings = {} }: Row, verdict: 'deny' | 'ask' | 'off', where?: string[]): Record<string, string> {
  const key = (...path: string[]) => `EXECUTOR_SAFETY_RULES_${path.join('_').toUpperCase()}`;
  const off = [...new Set(names)].filter((name) => name !== 'custom').map((name) => [key(name, 'verdict'), 'off']);
  const own = Object.entries(
    rule === 'custom' ? {} : { verdict, ...settings, ...(where ? { namespaces: where } : {}) },
  );
  const { custom = [] } = settings as { custom?: object[] };
  return {
    ...Object.fromEntries(off),
    ...Object.fromEntries(
      own.map(([name, value]) => [key(rule, name), typeof value === 'string' ? value : JSON.stringify(value)]),
    ),
    ...(rule === 'custom'
      ? {
          [key('custom')]: JSON.stringify(
            custom.map((one) => ({ ...one, verdict, ...(where ? { namespaces: where } : {}) })),
          ),
        }
      : {}),
  };
}

const ruleNamed = (name: string): Rule | undefined => rules.find((rule) => rule.name === name);
const ask = (replica: Replica, [action, parameters, more]: Request): Promise<Answer> =>
  replica.execute(action, parameters, more);

describe.each(rows.map((row) => [row] as const))('%#', (make) => {
  let row: Row;
  let service: Service;
  beforeAll(async () => {
    row = make();
    service = await startService({ env: only(row, 'off') });
    for (const request of row.before ?? []) expect((await ask(service, request)).status).toBe(200);
  });
  afterAll(() => service.close());

  test('allows, denies and asks as it says', async () => {
    const { rule, denied, detail, allowed, of } = row;
    const denies = await service.replica({ env: only(row, 'deny') });
    const asks = await service.replica({ env: only(row, 'ask') });

    const refused = await ask(denies, denied);
    expect(refused.body, `${rule}, ${of}`).toMatchObject({ detail: expect.stringMatching(detail) });
    expect(ruleNamed(rule)?.codes).toContain(refused.body.code);
    expect(refused.status).toBe(Object.entries(refusals).find(([code]) => code === refused.body.code)?.[1].status);

    expectAsked(await ask(asks, denied), detail);

    const passed = await ask(denies, allowed);
    expect(passed, `${rule}, ${of}: ${JSON.stringify(passed.body)}`).toMatchObject({
      status: 200,
      body: { status: 'completed' },
    });
    expect(passed.body.verdicts).not.toContainEqual(expect.objectContaining({ verdict: 'deny' }));
  });

  test('holds where its namespaces are, and not where it is off', async () => {
    const { rule, denied, of } = row;
    if (rule !== 'protected_target') {
      const elsewhereOnly = await service.replica({ env: only(row, 'deny', ['nowhere-*']) });
      const dry: Request = [denied[0], denied[1], { ...denied[2], dry_run: true }];
      expect((await ask(elsewhereOnly, dry)).status, `${rule}, ${of}`).toBe(200);
      const here = await service.replica({ env: only(row, 'deny', ['*']) });
      expect((await ask(here, denied)).status, `${rule}, ${of}`).toBeGreaterThanOrEqual(400);
    }
    expect((await ask(service, denied)).status, `${rule}, ${of}`).toBe(200);
  });

  test('asks the API server for no more than it says', async () => {
    const { rule, allowed, calls = [] } = row;
    // Of what it looks at in a run alone there is nothing to read: a run's own calls differ from time to time.
    const [action, parameters, more] = allowed;
    const request: Request = [action, parameters, { ...more, dry_run: true }];
    const without = recordCalls();
    const withRule = recordCalls();
    await ask(await service.replica({ env: only(row, 'off'), faults: without.record }), request);
    await ask(await service.replica({ env: only(row, 'deny'), faults: withRule.record }), request);

    const added = [...withRule.calls].filter((call) => !without.calls.has(call));
    expect(added.toSorted(), rule).toEqual(calls);
    const declared = (ruleNamed(rule)?.permissions ?? []).flatMap(({ apiGroups: [group], resources, verbs }) =>
      resources.flatMap((resource) => verbs.map((verb) => `${verb} ${resource}${group ? `.${group}` : ''}`)),
    );
    expect(declared).toEqual(expect.arrayContaining(calls));
  });
});

test('every rule that can be switched off stands in the table, or has tests of its own', () => {
  const tested = new Set([...rows.map((make) => make().rule), 'permission_check']);

  expect([...new Set(names)].filter((name) => !tested.has(name))).toEqual([]);
});

/** A person is asked, or would be; the row says about what. */
function expectAsked({ status, body }: Answer, detail: RegExp): void {
  const asked = expect.objectContaining({ verdict: 'ask', reason: expect.stringMatching(detail) });
  expect(body.dry_run ? { status, verdicts: body.verdicts } : { status, message: body.message }).toEqual(
    body.dry_run
      ? { status: 200, verdicts: expect.arrayContaining([asked]) }
      : { status: 202, message: expect.stringMatching(/^Waits for somebody to agree: /) },
  );
  if (!body.dry_run) expect(body.message.replace('Waits for somebody to agree: ', '')).toMatch(detail);
}
