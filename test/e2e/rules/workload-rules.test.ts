import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ConnectedCluster } from '../../../src/platform/kubernetes-connection.ts';
import { auditFromNow } from '../../support/audit.ts';
import {
  connectTestClient,
  createDeployment,
  createNamespace,
  ensureNodes,
  eventually,
} from '../../support/cluster.ts';
import { type Answer, type Service, startService } from '../../support/service.ts';

let cluster: ConnectedCluster;
let service: Service;
let namespace: string;

beforeAll(async () => {
  cluster = await connectTestClient();
  await ensureNodes(cluster, ['node-1', 'node-2']);
  namespace = await createNamespace(cluster, 'rules');
  service = await startService();
  const maxUnavailable = { strategy: { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: 1, maxSurge: 0 } } };
  await createDeployment(cluster, { namespace, name: 'one', replicas: 1 });
  await createDeployment(cluster, {
    namespace,
    name: 'recreated',
    replicas: 1,
    spec: { strategy: { type: 'Recreate' } },
  });
  await createDeployment(cluster, { namespace, name: 'three', replicas: 3 });
  await createDeployment(cluster, { namespace, name: 'taken-first', replicas: 3, spec: maxUnavailable });
  await createDeployment(
    cluster,
    { namespace, name: 'unready', replicas: 1, podAnnotations: { 'test/never-ready': 'true' }, spec: maxUnavailable },
    { ready: false },
  );
  await createBudget('three', 3);
  await createBudget('taken-first', 3);
});

afterAll(async () => {
  await service.close();
  await cluster.delete({ apiVersion: 'v1', kind: 'Namespace', name: namespace });
  await cluster.close();
});

async function createBudget(name: string, minAvailable: number): Promise<void> {
  const budget = { apiVersion: 'policy/v1', kind: 'PodDisruptionBudget', namespace, name };
  const { apiVersion, kind } = budget;
  const spec = { minAvailable, selector: { matchLabels: { app: name } } };
  await cluster.create({ apiVersion, kind, metadata: { name, namespace }, spec });
  await eventually(async () => expect((await cluster.get(budget)).status).toMatchObject({ currentHealthy: 3 }));
}

/** What a replica with those settings of one rule answers. */
async function asked(
  rule: string,
  settings: Record<string, string>,
  [action, name, parameters = {}]: [action: string, name: string, parameters?: Record<string, unknown>],
): Promise<Answer> {
  const env = Object.entries(settings).map(([key, value]) => [`EXECUTOR_SAFETY_RULES_${rule}_${key}`, value]);
  const replica = await service.replica({ env: Object.fromEntries(env) });
  return await replica.execute(
    action,
    { namespace, resource_name: name, resource_type: 'Deployment', ...parameters },
    { dry_run: true },
  );
}

const passes = { status: 200, body: { status: 'completed' } };
/** A dry run does nothing that anybody would have to agree to. */
const wouldAsk = (reason: RegExp) => ({
  status: 200,
  body: {
    status: 'completed',
    verdicts: expect.arrayContaining([
      { rule: expect.any(String), verdict: 'ask', reason: expect.stringMatching(reason) },
    ]),
  },
});
const denied = (detail: RegExp) => ({
  status: 403,
  body: { code: 'policy_denied', detail: expect.stringMatching(detail) },
});

describe('allowed actions', () => {
  const entry = (more: object) => ({ BY_NAMESPACE: JSON.stringify([{ namespaces: ['rules-*'], ...more }]) });

  test.each([
    ['denied by its name', { deny: ['scale_deployment'] }, denied(/^scale_deployment is denied in rules-/)],
    ['denied by a part of it', { deny: ['*_deployment'] }, denied(/is denied in/)],
    [
      'not among what is allowed',
      { allow: ['restart_*', 'notify_only'] },
      denied(/not among what is allowed in rules-.*: restart_\*/),
    ],
    ['allowed', { allow: ['restart_*', 'scale_*'], deny: ['restart_pod'] }, passes],
    ['denied elsewhere', { namespaces: ['other'], deny: ['*'] }, passes],
    ['denied where nothing has a namespace', { namespaces: ['kube-*', 'x'], allow: [] }, passes],
  ])('scale_deployment, %s', async (_what, more, answer) => {
    expect(await asked('ALLOWED_ACTIONS', entry(more), ['scale_deployment', 'three', { replicas: 4 }])).toMatchObject(
      answer,
    );
  });

  test('each entry for a namespace has to let it pass, what only reads too; a person can be asked', async () => {
    const both = JSON.stringify([{ allow: ['*'] }, { namespaces: [namespace], deny: ['collect_diagnostics'] }]);
    const reading: [string, string] = ['collect_diagnostics', 'three'];

    expect(await asked('ALLOWED_ACTIONS', { BY_NAMESPACE: both }, reading)).toMatchObject(denied(/is denied/));
    expect(await asked('ALLOWED_ACTIONS', { BY_NAMESPACE: both, VERDICT: 'ask' }, reading)).toMatchObject(
      wouldAsk(/is denied/),
    );
    expect(await asked('ALLOWED_ACTIONS', { BY_NAMESPACE: both, VERDICT: 'off' }, reading)).toMatchObject(passes);
  });

  test('what takes back is denied with what it takes back', async () => {
    await createDeployment(cluster, { namespace, name: 'taken-back', replicas: 1 });
    const done = await service.execute('scale_deployment', { namespace, resource_name: 'taken-back', replicas: 2 });
    const env = (deny: string) => ({
      EXECUTOR_SAFETY_RULES_ALLOWED_ACTIONS_BY_NAMESPACE: JSON.stringify([{ deny: [deny] }]),
    });
    const audit = await auditFromNow();

    for (const deny of ['scale_deployment', 'rollback']) {
      const replica = await service.replica({ env: env(deny) });
      expect(await replica.post(done.body.links.rollback)).toMatchObject(denied(new RegExp(`^${deny} is denied`)));
    }
    expect(await audit.writes({ namespace, name: 'taken-back' })).toEqual([]);
  });
});

describe('minimum replicas', () => {
  const three = {
    BY_NAMESPACE:
      '[{"namespaces":["*"],"replicas":2},{"namespaces":["rules-*"],"replicas":3},{"namespaces":["x"],"replicas":9}]',
  };

  test.each([
    ['below', 'three', 2, denied(/keeps 3 replicas at least in rules-.*; 2 are asked for/)],
    ['as many', 'three', 3, passes],
    ['more', 'three', 4, passes],
    ['fewer than that, and more than there are', 'one', 2, passes],
  ])('%s', async (_what, name, replicas, answer) => {
    expect(await asked('MINIMUM_REPLICAS', three, ['scale_deployment', name, { replicas }])).toMatchObject(answer);
  });

  test('holds for the bounds of an autoscaler too', async () => {
    const name = 'bounds';
    await cluster.create({
      apiVersion: 'autoscaling/v2',
      kind: 'HorizontalPodAutoscaler',
      metadata: { name, namespace },
      spec: {
        scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'nowhere' },
        minReplicas: 3,
        maxReplicas: 5,
      },
    });
    const update = (min_replicas: number): [string, string, Record<string, unknown>] => [
      'update_hpa',
      name,
      { resource_type: 'HorizontalPodAutoscaler', min_replicas },
    ];

    expect(await asked('MINIMUM_REPLICAS', three, update(2))).toMatchObject(denied(/keeps 3 replicas/));
    expect(await asked('MINIMUM_REPLICAS', three, update(4))).toMatchObject(passes);
  });
});

describe('a single replica', () => {
  test.each<[string, string, string, Record<string, unknown>, object]>([
    ['evicted', 'restart_pod', 'one', {}, denied(/ReplicaSet .*one-.* would have no ready pod/)],
    ['deleted', 'restart_pod', 'one', { force: true }, denied(/would have no ready pod/)],
    ['made anew after it is gone', 'restart_deployment', 'recreated', {}, denied(/Deployment .*recreated would have/)],
    ['made anew before it is gone', 'restart_deployment', 'one', {}, passes],
    ['scaled to none', 'scale_deployment', 'one', { replicas: 0 }, denied(/Deployment .*one would have/)],
    ['one of three', 'restart_pod', 'three', { force: true }, passes],
    ['of three, scaled to one', 'scale_deployment', 'three', { replicas: 1 }, passes],
    ['that is not ready', 'restart_deployment', 'unready', {}, passes],
    ['that is not ready, evicted', 'restart_pod', 'unready', {}, passes],
  ])('%s (%s)', async (_what, action, name, parameters, answer) => {
    const env = {
      EXECUTOR_SAFETY_RULES_SINGLE_REPLICA_VERDICT: 'deny',
      EXECUTOR_SAFETY_RULES_BUDGET_HEADROOM_VERDICT: 'off',
    };
    const replica = await service.replica({ env });
    const given = { namespace, resource_name: name, resource_type: 'Deployment', ...parameters };
    expect(await replica.execute(action, given, { dry_run: true })).toMatchObject(answer);
  });

  test('is asked about by default', async () => {
    expect(await asked('SINGLE_REPLICA', { VERDICT: 'ask' }, ['restart_pod', 'one'])).toMatchObject(
      wouldAsk(/^ReplicaSet/),
    );
  });
});

describe('the headroom of a budget', () => {
  test.each<[string, string, string, Record<string, unknown>, object]>([
    [
      'a pod is deleted past it',
      'restart_pod',
      'three',
      { force: true },
      denied(/budget .*three can spare no pod \(3 of 3 are healthy, 3 have to be\), and Pod/),
    ],
    [
      'a rollout takes a pod first',
      'restart_deployment',
      'taken-first',
      {},
      denied(/can spare no pod .* Deployment .*taken-first would lose one/),
    ],
    ['a rollout makes a pod first', 'restart_deployment', 'three', {}, passes],
    ['an eviction asks it itself', 'restart_pod', 'three', {}, { status: 200 }],
    ['what is not ready is nothing to spare', 'restart_pod', 'unready', { force: true }, passes],
  ])('%s', async (_what, action, name, parameters, answer) => {
    expect(await asked('BUDGET_HEADROOM', { VERDICT: 'deny' }, [action, name, parameters])).toMatchObject(answer);
  });
});
