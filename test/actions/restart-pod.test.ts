import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Change } from '../../src/changes/change.ts';
import { changeKind, changesOf } from '../../src/changes/change-kinds.ts';
import type { Plan } from '../../src/changes/plan.ts';
import { describeExpectation } from '../../src/changes/expectation-kinds.ts';
import type { KubernetesObject } from '../../src/kubernetes/object.ts';
import { type ClusterFixture, hasCluster, openFixture, workload } from './cluster-fixture.ts';

describe.skipIf(!hasCluster)('restart_pod', { concurrent: true }, () => {
  let shop: ClusterFixture;
  beforeAll(async () => (shop = await openFixture()), 60_000);
  afterAll(() => shop?.close(), 60_000);

  test('evicts that very pod, holds its ReplicaSet and Deployment, and waits for the replacement', async () => {
    await started(workload('Deployment', 'one'), 'deployment/one');
    const [pod, other] = await shop.pods('one');
    const target = `pod/${pod?.metadata.name}`;

    const plan = await shop.plan('restart_pod', target, { grace_period_seconds: '5' });
    await shop.carryOut(plan);

    expect(plan.changes).toMatchObject([{ kind: 'evict', target: { uid: pod?.metadata.uid }, gracePeriodSeconds: 5 }]);
    expect(plan.holds.map(({ kind, name }) => `${kind} ${name}`)).toEqual([
      expect.stringMatching(/^ReplicaSet one-/),
      'Deployment one',
    ]);
    expect(plan.expectations).toMatchObject([
      { kind: 'pods_replaced', owner: { kind: 'ReplicaSet' }, replaced: [pod?.metadata.uid], ready: 2 },
    ]);
    expect(plan.undo).toEqual({ reason: expect.stringContaining("can't be brought back") });
    const after = (await shop.pods('one')).map(uidOf);
    expect(after).toHaveLength(2);
    expect(after).toContain(other?.metadata.uid);
    expect(after).not.toContain(pod?.metadata.uid);
  }, 60_000);

  test('deletes with force, still only that very pod', async () => {
    await started(workload('StatefulSet', 'forced'), 'statefulset/forced');
    const [first] = await shop.pods('forced');

    const plan = await shop.plan('restart_pod', 'pod/forced-0', { force: true });
    await shop.carryOut(plan);
    await shop.carryOut({ ...plan, expectations: [] });

    expect(plan.changes).toMatchObject([{ kind: 'delete', target: { uid: first?.metadata.uid } }]);
    expect(plan.holds).toMatchObject([{ kind: 'StatefulSet', name: 'forced' }]);
    const [replacement] = await shop.pods('forced');
    expect(replacement?.metadata.name).toBe('forced-0');
    expect(replacement?.metadata.uid).not.toBe(first?.metadata.uid);
    expect(replacement?.metadata.deletionTimestamp).toBeUndefined();
  }, 60_000);

  test.each(['Deployment', 'StatefulSet', 'DaemonSet'] as const)(
    'replaces the pods of a %s one after another',
    async (kind) => {
      const word = kind.toLowerCase();
      const name = `all-${word}`;
      await started(workload(kind, name), `${word}/${name}`);
      const before = (await shop.pods(name)).map(uidOf);
      const target = kind === 'Deployment' ? `replicaset/${await replicaSetOf(name)}` : `${word}/${name}`;

      const viaWorkload = await shop.plan('restart_pod', `${word}/${name}`);
      const plan = await shop.plan('restart_pod', target);
      await shop.carryOut(plan);

      expect(kindsOf(plan)).toEqual(['evict', ...before.slice(1).flatMap(() => ['wait', 'evict'])]);
      expect(viaWorkload.changes.flat().filter(({ kind: sent }) => sent === 'evict')).toEqual(
        changesOf(plan.changes).filter(({ kind: sent }) => sent === 'evict'),
      );
      expect(viaWorkload.holds).toMatchObject([{ kind }, { kind: kind === 'Deployment' ? 'ReplicaSet' : kind }]);
      const after = (await shop.pods(name)).map(uidOf);
      expect(after).toHaveLength(before.length);
      expect(after.filter((uid) => before.includes(uid))).toEqual([]);
    },
    60_000,
  );

  test('of a workload takes the pods that are not ready first, and waits for no more than stay ready', async () => {
    await started(
      workload('StatefulSet', 'mixed', { replicas: 3, podManagementPolicy: 'Parallel' }),
      'statefulset/mixed',
    );
    await shop.kubectl('annotate', 'pod/mixed-1', 'test/never-ready=true');
    const status = { conditions: [{ type: 'Ready', status: 'False' }] };
    await shop.kubectl(
      'patch',
      'pod/mixed-1',
      '--subresource=status',
      '--type=strategic',
      '-p',
      JSON.stringify({ status }),
    );

    const plan = await shop.plan('restart_pod', 'statefulset/mixed');

    expect(changesOf(plan.changes).map(inWords)).toEqual([
      'Evict mixed-1',
      '1 old pods are gone and 3 pods are ready',
      'Evict mixed-2',
      '1 old pods are gone and 3 pods are ready',
      'Evict mixed-0',
    ]);
    expect(plan.expectations.map(describeExpectation)).toEqual([
      `3 old pods of StatefulSet ${shop.namespace}/mixed are gone and 3 pods are ready`,
    ]);
  }, 60_000);

  test('refuses a bare pod unless forced, and says that nothing makes it again', async () => {
    await shop.apply(barePod('bare'));

    await expect(shop.plan('restart_pod', 'pod/bare')).rejects.toMatchObject({
      code: 'precondition_failed',
      message: `Pod ${shop.namespace}/bare has no controller: nothing would make it again`,
      details: { hint: expect.stringContaining('force') },
    });
    const plan = await shop.plan('restart_pod', 'pod/bare', { force: true });
    await shop.carryOut(plan);

    expect(plan.warnings).toEqual(['The pod has no controller: nothing will make it again']);
    expect(await shop.kubectl('get', 'pod/bare', '--ignore-not-found')).toBe('');
  }, 60_000);

  test('refuses a mirror pod, one that is terminating and one that has finished, forced or not', async () => {
    await shop.apply(
      barePod('mirror', { 'kubernetes.io/config.mirror': 'abc' }, { nodeName: shop.nodes[0] }),
      barePod('leaving', { 'test/terminate-after': '60s' }),
      barePod('finished'),
    );
    await shop.kubectl(
      'wait',
      '--for=jsonpath={.status.phase}=Running',
      'pod/leaving',
      'pod/finished',
      '--timeout=30s',
    );
    await shop.kubectl('delete', 'pod/leaving', '--wait=false');
    await shop.kubectl('patch', 'pod/finished', '--subresource=status', '-p', '{"status":{"phase":"Succeeded"}}');

    for (const force of [false, true]) {
      await expect(shop.plan('restart_pod', 'pod/mirror', { force })).rejects.toThrow(/is a mirror pod/);
      await expect(shop.plan('restart_pod', 'pod/leaving', { force })).rejects.toThrow(/is terminating already, since/);
      await expect(shop.plan('restart_pod', 'pod/finished', { force })).rejects.toThrow(/has finished \(Succeeded\)/);
    }
  }, 60_000);

  test('refuses a Deployment in the middle of a rollout and one without pods', async ({ expect }) => {
    await started(workload('Deployment', 'rolling'), 'deployment/rolling');
    await shop.patch('deployment/rolling', {
      spec: { template: { metadata: { annotations: { 'test/never-ready': 'true' } } } },
    });
    await expect.poll(async () => (await shop.pods('rolling')).length, { timeout: 20_000 }).toBe(3);
    await shop.apply(workload('Deployment', 'empty', { replicas: 0 }));

    await expect(shop.plan('restart_pod', 'deployment/rolling')).rejects.toThrow(
      /is in the middle of a rollout: its 3 pods belong to more than one ReplicaSet/,
    );
    await expect(shop.plan('restart_pod', 'deployment/empty')).rejects.toThrow(/empty has no running pods to restart/);
  }, 60_000);

  async function started(object: object, word: string): Promise<void> {
    await shop.apply(object);
    await shop.settled(word);
  }

  async function replicaSetOf(name: string): Promise<string> {
    const [pod] = await shop.pods(name);
    return pod?.metadata.ownerReferences?.[0]?.name ?? '';
  }

  function inWords(change: Change): string {
    const text = change.kind === 'wait' ? describeExpectation(change.until) : changeKind(change).describe(change);
    return text
      .replace(/(of StatefulSet|Pod) /, '')
      .replace(`${shop.namespace}/`, '')
      .replace('mixed are', 'are');
  }
});

function barePod(name: string, annotations: object = {}, spec: object = {}): object {
  const containers = [{ name: 'main', image: 'shop/web:1' }];
  return { apiVersion: 'v1', kind: 'Pod', metadata: { name, annotations }, spec: { containers, ...spec } };
}

function uidOf({ metadata }: KubernetesObject): string {
  return metadata.uid ?? '';
}

function kindsOf({ changes }: Plan): string[] {
  return changesOf(changes).map(({ kind }) => kind);
}
