import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ConfigFaults } from '../../../src/config/fault.ts';
import { loadConfig } from '../../../src/config/load-config.ts';
import type { ConnectedCluster } from '../../../src/platform/kubernetes-connection.ts';
import { auditFromNow } from '../../support/audit.ts';
import { connectTestClient, createDeployment, createNamespace, ensureNodes } from '../../support/cluster.ts';
import { type Answer, type Service, startService } from '../../support/service.ts';

let cluster: ConnectedCluster;
let service: Service;
let namespace: string;
const word = randomUUID();

beforeAll(async () => {
  cluster = await connectTestClient();
  await ensureNodes(cluster, ['node-1', 'node-2']);
  namespace = await createNamespace(cluster, 'custom');
  service = await startService();
  await createDeployment(cluster, { namespace, name: 'web', replicas: 1, labels: { tier: 'front' } });
  await cluster.create({
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: {
      name: 'keys',
      namespace,
      annotations: { 'kubectl.kubernetes.io/last-applied-configuration': `{"data":"${word}"}` },
    },
    type: 'Opaque',
    stringData: { password: word },
  });
});

afterAll(async () => {
  await service.close();
  await cluster.delete({ apiVersion: 'v1', kind: 'Namespace', name: namespace });
  await cluster.close();
});

const customOf = (...entries: object[]) => ({ EXECUTOR_SAFETY_RULES_CUSTOM: JSON.stringify(entries) });

async function withRule(expression: string, more: object = {}): Promise<Answer> {
  const replica = await service.replica({ env: customOf({ name: 'mine', expression, ...more }) });
  return await replica.execute(
    'scale_deployment',
    { namespace, resource_name: 'web', replicas: 3, reason: 'load' },
    { dry_run: true },
  );
}

describe('an expression', () => {
  test.each([
    ['action == "scale_deployment" && !rollback'],
    ['parameters.replicas == 3'],
    ['target.kind == "Deployment" && target.name == "web" && target.namespace.startsWith("custom-")'],
    ['target.labels.tier == "front" && !("team" in target.annotations)'],
    ['target.object.spec.replicas == 1'],
    ['namespace_labels["kubernetes.io/metadata.name"] == target.namespace'],
    [
      'changes.exists(c, c.kind == "patch" && c.edits.exists(e, e.path == "spec.replicas" && e.from == 1 && e.to == 3))',
    ],
    ['caller == "" && dry_run'],
    ['time > timestamp("2020-01-01T00:00:00Z")'],
    ['target.labels.?team.orValue("none") == "none"'],
  ])('stops what it is true for: %s', async (expression) => {
    expect(await withRule(expression, { reason: 'not like this' })).toMatchObject({
      status: 403,
      body: { code: 'policy_denied', detail: 'rule mine: not like this', hint: expect.stringContaining('custom') },
    });
    const opposite = await withRule(`!(${expression})`);
    expect(opposite.body, JSON.stringify(opposite.body)).toMatchObject({ status: 'completed' });
  });

  test.each([
    ['target.labels.team == "shop"', /rule mine: it could not be evaluated: No such key: team/],
    ['target.object.spec.replicas', /could not be evaluated: it gives neither true nor false/],
  ])('that fails on what it is asked about stops it too: %s', async (expression, detail) => {
    expect(await withRule(expression)).toMatchObject({
      status: 403,
      body: { code: 'policy_denied', detail: expect.stringMatching(detail) },
    });
  });

  test('that takes too long stops it, soon', async () => {
    await createDeployment(cluster, {
      namespace,
      name: 'wide',
      replicas: 0,
      spec: {
        template: {
          metadata: { labels: { app: 'wide' } },
          spec: {
            containers: [
              {
                name: 'app',
                image: 'registry.example/app:1',
                env: Array.from({ length: 10_000 }, (_, index) => ({ name: `E${index}`, value: 'x' })),
              },
            ],
          },
        },
      },
    });
    const env = 'target.object.spec.template.spec.containers[0].env';
    const expression = `${env}.all(a, ${env}.all(b, a.name != "x" || b.name != "y"))`;
    const replica = await service.replica({ env: customOf({ name: 'slow', expression }) });
    const begunMs = performance.now();

    const answer = await replica.execute('scale_deployment', { namespace, resource_name: 'wide', replicas: 1 });

    expect(answer.body.detail).toBe('rule slow: it could not be evaluated: it takes longer than 100 ms');
    expect(performance.now() - begunMs).toBeLessThan(20_000);
  });

  test('has a verdict and namespaces of its own; what each of several says is kept', async () => {
    expect((await withRule('true', { namespaces: ['other-*'] })).status).toBe(200);
    expect((await withRule('true', { verdict: 'off' })).status).toBe(200);
    expect((await withRule('true', { verdict: 'ask', reason: 'why' })).body).toMatchObject({
      dry_run: true,
      verdicts: expect.arrayContaining([expect.objectContaining({ verdict: 'ask', reason: 'rule mine: why' })]),
    });
    const several = await service.replica({
      env: customOf(
        { name: 'asks', expression: 'true', verdict: 'ask', reason: 'a' },
        { name: 'denies', expression: 'true', reason: 'b' },
      ),
    });
    const audit = await auditFromNow();
    const answer = await several.execute('scale_deployment', { namespace, resource_name: 'web', replicas: 4 });
    expect(answer.body.detail).toBe('rule denies: b');
    expect(await audit.writes({ namespace, name: 'web' })).toEqual([]);
    const { body } = await service.get('/api/v1/audit');
    const facts = String(body)
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    const denial = facts.findLast(({ type }) => type === 'request.denied');
    expect(denial?.data.verdicts).toEqual([
      { rule: 'custom', verdict: 'ask', reason: 'rule asks: a' },
      { rule: 'custom', verdict: 'deny', reason: 'rule denies: b' },
    ]);
  });

  test('sees nothing that a Secret holds', async () => {
    const replica = await service.replica({
      env: customOf({
        name: 'looks',
        expression:
          '"data" in target.object || "stringData" in target.object || target.annotations.size() > 0 || target.object.metadata.annotations.size() > 0',
      }),
    });
    const answer = await replica.execute(
      'rotate_secrets',
      { namespace, resource_name: 'keys', keys: ['password'] },
      { dry_run: true },
    );
    expect(answer.body.detail ?? '', JSON.stringify(answer.body)).not.toContain('rule looks');
    expect(JSON.stringify(answer.body)).not.toContain(word);
    expect(answer.status, JSON.stringify(answer.body)).toBe(200);
  });
});

describe('the start is refused', () => {
  test.each([
    ['an expression that is no CEL', 'action ==', /can't be compiled: Unexpected token/],
    ['a name that is not known', 'actoin == "x"', /can't be compiled: Unknown variable: actoin/],
    ['types that do not fit', 'action > 3', /can't be compiled: no such overload/],
    ['one that is no condition', 'action', /can't be compiled: it gives string/],
    ['a pattern', 'action.matches("(a+)+$")', /can't be compiled: matches is not available/],
    ['loops in each other', 'changes.all(a, changes.all(b, changes.all(c, true)))', /loops stand in each other/],
    ['one without end', `${'('.repeat(60)}true${')'.repeat(60)}`, /can't be compiled/],
  ])('for %s', (_what, expression, problem) => {
    const load = () => loadConfig({ env: customOf({ name: 'mine', expression }) });

    expect(load).toThrow(ConfigFaults);
    expect(load).toThrow(problem);
  });

  test('with all faults at once', () => {
    expect(() =>
      loadConfig({
        env: customOf({ name: 'a', expression: 'b' }, { name: 'c', expression: 'true', verdict: 'maybe' }),
      }),
    ).toThrow(/Unknown variable: b[\s\S]*custom\.1\.verdict/);
  });
});
