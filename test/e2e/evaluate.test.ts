import { afterAll, beforeAll, expect, test } from 'vitest';
import type { ConnectedCluster } from '../../src/platform/kubernetes-connection.ts';
import { auditFromNow } from '../support/audit.ts';
import { connectTestClient, createDeployment, createNamespace, ensureNodes, eventually } from '../support/cluster.ts';
import { type Answer, type Service, startService } from '../support/service.ts';

let cluster: ConnectedCluster;
let service: Service;
let namespace: string;
let node: string;

beforeAll(async () => {
  cluster = await connectTestClient();
  namespace = await createNamespace(cluster, 'evaluate');
  node = `${namespace}-node`;
  await ensureNodes(cluster, ['node-1', 'node-2', 'node-3']);
  await cluster.create({
    apiVersion: 'v1',
    kind: 'Node',
    metadata: { name: node, labels: { home: node } },
    spec: { taints: [{ key: 'home', value: node, effect: 'NoSchedule' }] },
  });
  await createDeployment(cluster, {
    namespace,
    name: 'web',
    replicas: 4,
    spec: { strategy: { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: 1, maxSurge: 0 } } },
  });
  await cluster.create({
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: 'web', namespace },
    spec: { selector: { app: 'web' }, ports: [{ port: 80 }] },
  });
  await eventually(async () => expect(await endpointsOf('web')).toBe(4));
  service = await startService();
});

afterAll(async () => {
  await service.close();
  await cluster.delete({ apiVersion: 'v1', kind: 'Namespace', name: namespace });
  await cluster.delete({ apiVersion: 'v1', kind: 'Node', name: node });
  await cluster.close();
});

async function endpointsOf(name: string): Promise<number> {
  const { items } = await cluster.list({
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    namespace,
    labelSelector: `kubernetes.io/service-name=${name}`,
  });
  const endpoints = items.flatMap(({ endpoints: of }) => (of ?? []) as { conditions?: { ready?: boolean } }[]);
  return endpoints.filter(({ conditions }) => conditions?.ready !== false).length;
}

function evaluate(action: string, parameters: object, more: object = {}, on = service): Promise<Answer> {
  return on.post('/api/v1/evaluate', { action, parameters, ...more });
}

const inNamespace = (name: string) => ({ namespace, resource_name: name });

/** Every table of the database but those that count requests, with its number of rows. */
async function rows(): Promise<unknown> {
  const tables = await service.sql<{ name: string }[]>`
    select tablename as name from pg_tables where schemaname = 'public' and tablename <> 'request_rate' order by 1`;
  return await Promise.all(
    tables.map(async ({ name }) => [
      name,
      (await service.sql`select count(*) from ${service.sql(name)}`)[0]?.['count'],
    ]),
  );
}

test('a scale that may be: what changes, field by field, and nothing is written anywhere', async () => {
  const before = await rows();
  const audit = await auditFromNow();

  const { status, body } = await evaluate('scale_deployment', { ...inNamespace('web'), replicas: 2 });

  expect(status).toBe(200);
  expect(body).toMatchObject({
    verdict: 'allow',
    retry_at: null,
    blocked_by: [],
    plan_hash: expect.stringMatching(/^[0-9a-f]{64}$/),
    changes: [{ kind: 'patch', verified: true }],
    diff: [{ path: '/spec/replicas', from: 4, to: 2, target: { kind: 'Deployment', name: 'web' } }],
    impact: {
      pods: 2,
      ready_before: 4,
      ready_during: 2,
      services: [{ namespace, name: 'web', endpoints_before: 4, endpoints_during: 2 }],
    },
    undo: { available: true },
  });
  expect(await audit.writes({ namespace })).toEqual([]);
  expect(await rows()).toEqual(before);
});

test('the same plan has the same hash again, another target another one', async () => {
  const hashes = [
    await evaluate('restart_deployment', inNamespace('web')),
    await evaluate('restart_deployment', inNamespace('web')),
    await evaluate('scale_deployment', { ...inNamespace('web'), replicas: 3 }),
  ].map(({ body }) => body.plan_hash);

  expect(hashes[0]).toBe(hashes[1]);
  expect(hashes[2]).not.toBe(hashes[0]);
});

test('a restart leaves as many endpoints as was said', async () => {
  const { body } = await evaluate('restart_deployment', inNamespace('web'));
  let fewest = 4;
  let over = false;
  const watched = (async () => {
    for (; !over; await new Promise((resolve) => setTimeout(resolve, 20)))
      fewest = Math.min(fewest, await endpointsOf('web'));
  })();

  const done = await service.execute('restart_deployment', inNamespace('web'));
  over = true;
  await watched;

  expect(done.body).toMatchObject({ status: 'completed' });
  expect(body.impact).toMatchObject({ pods: 4, ready_before: 4, ready_during: 3 });
  expect(fewest).toBe(body.impact.services[0].endpoints_during);
});

test('of one pod of several the others are counted too; a taint drives out what does not tolerate it', async () => {
  const { items } = await cluster.list({ apiVersion: 'v1', kind: 'Pod', namespace, labelSelector: 'app=web' });
  const [pod] = items;
  const nodeName = String(Reflect.get(Object(pod?.['spec']), 'nodeName'));
  const here = items.filter(({ spec }) => Reflect.get(Object(spec), 'nodeName') === nodeName).length;

  const one = await evaluate('restart_pod', { namespace, resource_name: pod?.metadata.name });
  const taint = await evaluate(
    'taint_node',
    { key: 'test', effect: 'NoExecute' },
    { target: { kind: 'Node', name: nodeName } },
  );

  expect(one.body.impact).toMatchObject({ pods: 1, ready_before: 4, ready_during: 3 });
  expect(one.body.risk.reasons).toEqual([]);
  expect(taint.body.impact.pods).toBeGreaterThanOrEqual(here);
  expect(taint.body.impact.services).toContainEqual(
    expect.objectContaining({ namespace, name: 'web', endpoints_before: 4, endpoints_during: 4 - here }),
  );
});

test('what several rules deny is told all together', async () => {
  const strict = await service.replica({
    env: {
      EXECUTOR_SAFETY_RULES_SINGLE_REPLICA_VERDICT: 'deny',
      EXECUTOR_SAFETY_RULES_FREEZE_WINDOW_WINDOWS: JSON.stringify([
        { name: 'always', schedule: '* * * * *', duration: '2m' },
      ]),
    },
  });

  const { body } = await strict.post('/api/v1/evaluate', {
    action: 'scale_deployment',
    parameters: { ...inNamespace('web'), replicas: 0 },
  });

  expect(body.verdict).toBe('deny');
  expect(body.blocked_by.map(({ until }: { until: string | null }) => until)).toEqual([null, expect.any(String)]);
});

test('what is not there, and what a rule denies, is told with its code, and as a 200', async () => {
  const missing = await evaluate('scale_deployment', { ...inNamespace('nobody'), replicas: 2 });
  const denied = await evaluate('scale_deployment', { namespace: 'kube-system', resource_name: 'dns', replicas: 2 });
  const strict = await service.replica({ env: { EXECUTOR_SAFETY_RULES_SINGLE_REPLICA_VERDICT: 'deny' } });
  const alone = await strict.post('/api/v1/evaluate', {
    action: 'scale_deployment',
    parameters: { ...inNamespace('web'), replicas: 0 },
  });

  expect(missing).toMatchObject({
    status: 200,
    body: { verdict: 'deny', plan_hash: null, blocked_by: [{ code: 'target_not_found' }], changes: [] },
  });
  expect(denied.body.blocked_by).toHaveLength(1);
  expect(alone.body).toMatchObject({
    verdict: 'deny',
    blocked_by: [{ code: 'policy_denied' }],
    verdicts: expect.arrayContaining([expect.objectContaining({ rule: 'single_replica', verdict: 'deny' })]),
    diff: [{ path: '/spec/replicas', to: 0 }],
    risk: { reasons: expect.arrayContaining([expect.stringContaining('none of its 4 ready endpoints')]) },
  });
});

test('what somebody has to agree to is asked', async () => {
  const asking = await service.replica({ env: { EXECUTOR_SAFETY_RULES_SINGLE_REPLICA_VERDICT: 'ask' } });

  const { body } = await asking.post('/api/v1/evaluate', {
    action: 'scale_deployment',
    parameters: { ...inNamespace('web'), replicas: 0 },
  });

  expect(body).toMatchObject({
    verdict: 'ask',
    verdicts: expect.arrayContaining([expect.objectContaining({ rule: 'single_replica', verdict: 'ask' })]),
  });
});

test('a cooldown, a held target and a freeze window are waited for, and told until when; an emergency stop is not', async () => {
  const replica = await service.replica({ env: { EXECUTOR_ACTIONS_COOLDOWN_PERIOD: '1h' } });
  const ask = (parameters: object) => replica.post('/api/v1/evaluate', { action: 'scale_deployment', parameters });
  await createDeployment(cluster, { namespace, name: 'cool', replicas: 1 });
  await replica.execute('scale_deployment', { ...inNamespace('cool'), replicas: 2 });
  const cooling = await ask({ ...inNamespace('cool'), replicas: 3 });
  const key = `${cluster.name}/${namespace}/Deployment/web`;
  await service.sql`insert into target_lock (key, execution_id) select ${key}, id from execution limit 1`;
  const busy = await ask({ ...inNamespace('web'), replicas: 3 });
  await service.sql`delete from target_lock`;
  const frozen = await service.replica({
    env: {
      EXECUTOR_SAFETY_RULES_FREEZE_WINDOW_WINDOWS: JSON.stringify([
        { name: 'always', schedule: '* * * * *', duration: '2m' },
      ]),
    },
  });
  const window = await frozen.post('/api/v1/evaluate', {
    action: 'scale_deployment',
    parameters: { ...inNamespace('web'), replicas: 3 },
  });
  await service.put('/api/v1/controls', { scope: namespace, stopped: true, reason: 'a test' });
  const stopped = await ask({ ...inNamespace('web'), replicas: 3 });
  await service.put('/api/v1/controls', { scope: namespace, stopped: false });

  expect(cooling.body).toMatchObject({
    verdict: 'wait',
    retry_at: expect.any(String),
    blocked_by: [{ code: 'cooldown_active', until: expect.any(String) }],
  });
  expect(busy.body).toMatchObject({ verdict: 'wait', retry_at: null, blocked_by: [{ code: 'target_busy' }] });
  expect(window.body).toMatchObject({ verdict: 'wait', blocked_by: [{ code: 'policy_denied' }] });
  expect(stopped.body).toMatchObject({ verdict: 'deny', blocked_by: [{ code: 'emergency_stop', until: null }] });
});

test('a drain is simulated: who waits for which budget, who stays, and who fits nowhere else', async () => {
  const home = { nodeSelector: { home: node }, tolerations: [{ key: 'home', operator: 'Exists' }] };
  const container = { name: 'app', image: 'registry.example/app:1' };
  const deployment = (name: string, replicas: number) =>
    createDeployment(cluster, {
      namespace,
      name,
      replicas,
      spec: { template: { metadata: { labels: { app: name } }, spec: { ...home, containers: [container] } } },
    });
  await deployment('guarded', 3);
  await cluster.create({
    apiVersion: 'policy/v1',
    kind: 'PodDisruptionBudget',
    metadata: { name: 'guarded', namespace },
    spec: { maxUnavailable: 1, selector: { matchLabels: { app: 'guarded' } } },
  });
  await eventually(async () => {
    const { status } = await cluster.get({
      apiVersion: 'policy/v1',
      kind: 'PodDisruptionBudget',
      namespace,
      name: 'guarded',
    });
    expect(status).toMatchObject({ disruptionsAllowed: 1 });
  });
  const audit = await auditFromNow();

  const { body } = await evaluate('drain_node', {}, { target: { kind: 'Node', name: node } });

  expect(body).toMatchObject({
    verdict: 'allow',
    simulation: {
      evictable: 3,
      stay: [],
      fits_elsewhere: false,
      blocked: [{ by: `budget ${namespace}/guarded` }, { by: `budget ${namespace}/guarded` }],
    },
    impact: { pods: 3, budgets: [{ namespace, name: 'guarded', pods: 3, disruptions_allowed: 1 }] },
  });
  expect(body.simulation.does_not_fit).toHaveLength(3);
  expect(body.simulation.does_not_fit[0].why).toMatch(/is one that it selects/);
  expect(body.simulation.blocked.map(({ pod }: { pod: string }) => pod)).toEqual([
    expect.stringMatching(new RegExp(`^${namespace}/guarded-`)),
    expect.stringMatching(new RegExp(`^${namespace}/guarded-`)),
  ]);
  expect(await audit.writes({ name: node })).toEqual([]);
  expect(await audit.writes({ namespace })).toEqual([]);
});

test('the namespace of production raises the risk by one level, and says why', async () => {
  const label = (environment: string | null) =>
    cluster.patch(
      { apiVersion: 'v1', kind: 'Namespace', name: namespace },
      { type: 'merge', body: { metadata: { labels: { environment } } } },
    );
  const before = await evaluate('scale_deployment', { ...inNamespace('web'), replicas: 3 });
  await label('production');
  const after = await evaluate('scale_deployment', { ...inNamespace('web'), replicas: 3 });
  await label(null);

  expect(before.body.risk).toEqual({ level: 'medium', reasons: [] });
  expect(after.body.risk).toEqual({
    level: 'high',
    reasons: [`Namespace ${namespace} is production (label environment)`],
  });
});
