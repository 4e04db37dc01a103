import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { PatchChange } from '../../src/changes/patch.ts';
import { type Plan, plan } from '../../src/changes/plan.ts';
import { Settings } from '../../src/config/settings.ts';
import type { Json } from '../../src/json.ts';
import { referenceTo } from '../../src/kubernetes/object.ts';
import { readerOf } from '../../src/kubernetes/reader.ts';
import type { RuleHistory } from '../../src/policy/rule-history.ts';
import { type Judgement, judge } from '../../src/policy/rules.ts';
import { type ClusterFixture, hasCluster, openFixture, workload } from '../actions/cluster-fixture.ts';

const nothingDone: RuleHistory = {
  oscillation: async () => ({ flips: [], direction: undefined, restarts: [] }),
  failures: async () => ({ count: 0, last: undefined }),
};

describe.skipIf(!hasCluster)('the rules', () => {
  let shop: ClusterFixture;
  beforeAll(async () => {
    shop = await openFixture();
    const marked = (name: string, metadata: object) => ({
      ...workload('Deployment', name, { replicas: 1 }),
      metadata: { name, ...metadata },
    });
    await shop.apply(
      workload('Deployment', 'free', { replicas: 1 }),
      marked('protected', { labels: { 'executor.kubernaut.io/protected': 'true' } }),
      marked('unprotected', { labels: { 'executor.kubernaut.io/protected': 'false' } }),
      marked('argo-annotated', { annotations: { 'argocd.argoproj.io/tracking-id': 'shop:apps/Deployment:shop/web' } }),
      marked('argo-labelled', { labels: { 'argocd.argoproj.io/instance': 'shop' } }),
      marked('flux-kustomized', { labels: { 'kustomize.toolkit.fluxcd.io/name': 'shop' } }),
      marked('flux-helmed', { labels: { 'helm.toolkit.fluxcd.io/name': 'shop' } }),
      marked('helmed', { labels: { 'app.kubernetes.io/instance': 'shop', 'app.kubernetes.io/managed-by': 'Helm' } }),
      marked('leaving', { finalizers: ['test/stays'] }),
      workload('Deployment', 'autoscaled', { replicas: 1 }),
      workload('StatefulSet', 'autoscaled', { replicas: 1 }),
      {
        apiVersion: 'autoscaling/v2',
        kind: 'HorizontalPodAutoscaler',
        metadata: { name: 'scaler' },
        spec: {
          scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'autoscaled' },
          minReplicas: 2,
          maxReplicas: 7,
        },
      },
    );
    await shop.settled('deployment/free');
    await shop.kubectl('delete', 'deployment/leaving', '--wait=false');
  }, 60_000);
  afterAll(async () => {
    await shop?.patch('deployment/leaving', { metadata: { finalizers: null } });
    await shop?.close();
  }, 60_000);

  test('have nothing to say about a workload of nobody else', async () => {
    expect(await judged(await shop.plan('restart_deployment', 'deployment/free'))).toEqual({ verdicts: [] });
  });

  test('protect by label, whatever the parameters say, and unless the settings say otherwise', async () => {
    const restart = await shop.plan('restart_deployment', 'deployment/protected');

    expect((await judged(restart, { force: true, allow_gitops: true })).refusal).toMatchObject({
      code: 'protected_target',
      message: `Deployment ${shop.namespace}/protected is protected: it has the label executor.kubernaut.io/protected=true`,
    });
    expect(await judged(restart, {}, { protected_target: { verdict: 'off' } })).toEqual({ verdicts: [] });
    await shop.settled('deployment/protected');
    const [pod] = await shop.pods('protected');
    for (const target of ['deployment/protected', `pod/${pod?.metadata.name}`]) {
      const pods = await shop.plan('restart_pod', target, { force: true });
      expect((await judged(pods)).refusal).toMatchObject({ code: 'protected_target' });
    }
    expect(await judged(await shop.plan('restart_deployment', 'deployment/unprotected'))).toEqual({ verdicts: [] });
  });

  test('protect by namespace: what is in it, and the Namespace itself', async () => {
    const settings = { protected_target: { namespaces: [shop.namespace] } };
    const [pod] = await shop.pods('free');
    const namespace = await shop.read(`namespace/${shop.namespace}`);
    const onNamespace = plan({
      changes: [
        {
          kind: 'patch',
          target: referenceTo(namespace),
          edits: [{ path: ['metadata', 'labels', 'a'], to: 'b' }],
          summary: '',
        },
      ],
    });

    for (const attempt of [
      await shop.plan('scale_deployment', 'deployment/free', { replicas: 2 }),
      await shop.plan('restart_pod', `pod/${pod?.metadata.name}`, { force: true }),
      onNamespace,
    ]) {
      expect((await judged(attempt, {}, settings)).refusal).toMatchObject({
        code: 'protected_target',
        message: expect.stringContaining(`the namespace ${shop.namespace} is`),
      });
    }
  });

  test('let pass what writes nothing to a protected object', async () => {
    const settings = { protected_target: { namespaces: [shop.namespace] } };

    for (const harmless of [
      await shop.plan('collect_diagnostics', 'deployment/protected'),
      await shop.plan('notify_only', 'deployment/protected', { message: 'hello' }),
      await shop.plan('scale_deployment', 'deployment/protected', { replicas: 1 }),
    ]) {
      expect(await judged(harmless, {}, settings)).toEqual({ verdicts: [] });
    }
  });

  test('refuse what is being deleted', async () => {
    expect((await judged(await shop.plan('restart_deployment', 'deployment/leaving'))).refusal).toMatchObject({
      code: 'precondition_failed',
      message: expect.stringMatching(/leaving is being deleted since 20/),
    });
  });

  test.each([
    ['argo-annotated', /Argo CD \(argocd.argoproj.io\/tracking-id: shop/],
    ['argo-labelled', /Argo CD/],
    ['flux-kustomized', /Flux/],
    ['flux-helmed', /Flux/],
  ])('refuse %s unless allow_gitops, and keep the reason either way', async (name, manager) => {
    const restart = await shop.plan('restart_deployment', `deployment/${name}`);

    const refused = await judged(restart);
    const allowed = await judged(restart, { allow_gitops: true });

    expect(refused.refusal).toMatchObject({ code: 'gitops_managed', message: expect.stringMatching(manager) });
    expect(allowed).toEqual({
      verdicts: [{ rule: 'gitops_managed', verdict: 'allow', reason: expect.stringMatching(manager) }],
    });
  });

  test("do not take Helm's own labels for a GitOps controller", async () => {
    expect(await judged(await shop.plan('restart_deployment', 'deployment/helmed'))).toEqual({ verdicts: [] });
  });

  test('send a change of an owned object to its owner, but let its pods go', async () => {
    const [pod] = await shop.pods('free');
    const replicaSet = await shop.read(`replicaset/${pod?.metadata.ownerReferences?.[0]?.name}`);
    const scale: PatchChange = {
      kind: 'patch',
      target: referenceTo(replicaSet),
      subresource: 'scale',
      edits: [{ path: ['spec', 'replicas'], from: 1, to: 2 }],
      summary: '',
    };

    expect((await judged(plan({ changes: [scale] }))).refusal).toMatchObject({
      code: 'precondition_failed',
      message: expect.stringContaining(`is controlled by Deployment ${shop.namespace}/free`),
      details: { hint: `Act on Deployment ${shop.namespace}/free instead` },
    });
    for (const force of [false, true]) {
      expect(await judged(await shop.plan('restart_pod', `pod/${pod?.metadata.name}`, { force }))).toEqual({
        verdicts: [],
      });
    }
  });

  test('refuse a scale against an autoscaler unless override_hpa, only of its own workload, and only where the number changes', async () => {
    const scale = await shop.plan('scale_deployment', 'deployment/autoscaled', { replicas: 3 });

    expect((await judged(scale)).refusal).toMatchObject({
      code: 'hpa_conflict',
      message: `HorizontalPodAutoscaler ${shop.namespace}/scaler manages the replicas of Deployment ${shop.namespace}/autoscaled, between 2 and 7`,
      details: { hint: expect.stringContaining('update_hpa') },
    });
    expect((await judged(scale, { override_hpa: true })).verdicts).toMatchObject([
      { rule: 'hpa_conflict', verdict: 'allow', reason: expect.stringContaining('override_hpa') },
    ]);
    expect(await judged(await shop.plan('restart_deployment', 'deployment/autoscaled'))).toEqual({ verdicts: [] });
    expect(await judged(await shop.plan('scale_statefulset', 'statefulset/autoscaled', { replicas: 3 }))).toEqual({
      verdicts: [],
    });
  });

  test('keep the last schedulable node, and those of the control plane', async () => {
    const { items } = await shop.cluster.list(
      { apiVersion: 'v1', kind: 'Node', fieldSelector: 'spec.unschedulable=false' },
      { timeoutMs: 10_000 },
    );
    const [first, ...others] = items.map(
      (node) =>
        ({
          kind: 'patch',
          target: referenceTo(node),
          edits: [{ path: ['spec', 'unschedulable'], to: true }],
          summary: '',
        }) satisfies PatchChange,
    );
    if (!first) throw new Error('no schedulable node');
    await shop.kubectl('label', 'node', shop.nodes[1], 'node-role.kubernetes.io/control-plane=');

    expect(
      (await judged(plan({ changes: [first, ...others] }), {}, { control_plane: { verdict: 'off' } })).refusal,
    ).toMatchObject({ code: 'policy_denied', message: expect.stringContaining('the last schedulable one') });
    expect(await judged(await shop.plan('cordon_node', `node/${shop.nodes[0]}`))).toEqual({ verdicts: [] });
    expect((await judged(await shop.plan('cordon_node', `node/${shop.nodes[1]}`))).refusal).toMatchObject({
      code: 'policy_denied',
      message: `Node ${shop.nodes[1]} belongs to the control plane (label node-role.kubernetes.io/control-plane)`,
    });
    await shop.perform('cordon_node', `node/${shop.nodes[1]}`);
    expect(await judged(await shop.plan('uncordon_node', `node/${shop.nodes[1]}`))).toEqual({ verdicts: [] });
  });

  test('know that a taint takes a node away as a cordon does, and that a tainted node is no other one to go to', async () => {
    const { items } = await shop.cluster.list(
      { apiVersion: 'v1', kind: 'Node', fieldSelector: 'spec.unschedulable=false' },
      { timeoutMs: 10_000 },
    );
    const taintedWith = (effect: string, from?: Json[]) =>
      plan({
        changes: items.map((node) => ({
          kind: 'patch',
          target: referenceTo(node),
          edits: [{ path: ['spec', 'taints'], ...(from ? { from } : {}), to: [...(from ?? []), { key: 'a', effect }] }],
          summary: '',
        })),
      });
    const open = { control_plane: { verdict: 'off' } } as const;

    for (const effect of ['NoSchedule', 'NoExecute']) {
      expect((await judged(taintedWith(effect), {}, open)).refusal).toMatchObject({
        code: 'policy_denied',
        message: expect.stringContaining('the last schedulable one'),
      });
    }
    for (const harmless of [
      taintedWith('PreferNoSchedule'),
      taintedWith('NoSchedule', [{ key: 'b', effect: 'NoExecute' }]),
    ]) {
      expect(await judged(harmless, {}, open)).toEqual({ verdicts: [] });
    }
  });

  test('give the refusal of the first in their order, and keep what all of them say', async () => {
    await shop.patch('deployment/autoscaled', { metadata: { labels: { 'argocd.argoproj.io/instance': 'shop' } } });

    const { verdicts, refusal } = await judged(
      await shop.plan('scale_deployment', 'deployment/autoscaled', { replicas: 4 }),
    );

    expect(refusal?.code).toBe('gitops_managed');
    expect(verdicts.map(({ rule, verdict }) => `${rule} ${verdict}`)).toEqual([
      'gitops_managed deny',
      'hpa_conflict deny',
    ]);
  });

  type Switches = { [Rule in keyof Settings['safety']['rules']]?: Partial<Settings['safety']['rules'][Rule]> };

  async function judged(
    planned: Plan,
    parameters: Record<string, unknown> = {},
    switches: Switches = {},
  ): Promise<Omit<Judgement, 'relies' | 'quotas'>> {
    // Its own test asks about single replicas; these have no more.
    const alone = { single_replica: { verdict: 'off' } } as const;
    const settings = Settings.parse({ safety: { rules: { ...alone, ...switches } } }).safety.rules;
    const cluster = readerOf(shop.cluster, { timeoutMs: 10_000 });
    const {
      relies: _,
      quotas: __,
      ...said
    } = await judge({
      cluster,
      action: { name: 'any' },
      execution: { id: 'any', action: 'any' },
      plan: planned,
      target: undefined,
      parameters,
      settings,
      history: nothingDone,
      mayService: async () => true,
      caller: undefined,
      beginsAt: new Date(),
      dryRun: false,
    });
    return said;
  }
});
