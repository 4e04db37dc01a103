import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { isNoOp } from '../../src/changes/plan.ts';
import type { KubernetesObject } from '../../src/kubernetes/object.ts';
import { type ClusterFixture, hasCluster, openFixture, workload } from './cluster-fixture.ts';

describe.skipIf(!hasCluster)('a restart', { concurrent: true }, () => {
  let shop: ClusterFixture;
  beforeAll(async () => (shop = await openFixture()), 60_000);
  afterAll(() => shop?.close(), 60_000);

  test.each(['Deployment', 'StatefulSet', 'DaemonSet'] as const)(
    'of a %s leaves what kubectl rollout restart leaves',
    async (kind) => {
      const word = kind.toLowerCase();
      const annotations = { keep: 'this' };
      await shop.apply(
        workload(kind, `${word}-k`, {}, { annotations }),
        workload(kind, `${word}-e`, {}, { annotations }),
      );
      for (const name of ['k', 'e']) await shop.settled(`${word}/${word}-${name}`);
      const podsBefore = await podUids(`${word}-e`);

      await shop.kubectl('rollout', 'restart', `${word}/${word}-k`);
      await shop.perform(`restart_${word}`, `${word}/${word}-e`);

      expect(comparable(await shop.read(`${word}/${word}-e`))).toEqual(
        comparable(await shop.read(`${word}/${word}-k`)),
      );
      const podsAfter = await podUids(`${word}-e`);
      expect(podsAfter).toHaveLength(podsBefore.length);
      expect(podsAfter.filter((uid) => podsBefore.includes(uid))).toEqual([]);
    },
    60_000,
  );

  test('sent again within the same second is a stated no-op, a second later it acts', async () => {
    await shop.apply(workload('Deployment', 'twice'));
    await shop.settled('deployment/twice');
    const now = new Date();

    await shop.carryOut(await shop.plan('restart_deployment', 'deployment/twice', {}, { now }));
    const again = await shop.plan('restart_deployment', 'deployment/twice', {}, { now });
    const later = await shop.plan(
      'restart_deployment',
      'deployment/twice',
      {},
      { now: new Date(now.getTime() + 1000) },
    );

    expect(isNoOp(again)).toBe(true);
    expect(again.warnings).toEqual([expect.stringMatching(/twice was restarted in this very second already/)]);
    expect(isNoOp(later)).toBe(false);
    expect(later.warnings).toEqual([]);
  }, 60_000);

  test('planned before somebody else wrote is a conflict, not a blind write', async () => {
    await shop.apply(workload('Deployment', 'raced'));
    await shop.settled('deployment/raced');
    const plan = await shop.plan('restart_deployment', 'deployment/raced');

    await shop.patch('deployment/raced', { metadata: { annotations: { raced: 'yes' } } });

    await expect(shop.carryOut(plan)).rejects.toMatchObject({ reason: 'conflict' });
  }, 60_000);

  test('is refused where it would not reach the pods, naming the object and the way out', async () => {
    await shop.apply(
      workload('Deployment', 'paused', { paused: true }),
      workload('StatefulSet', 'on-delete', { updateStrategy: { type: 'OnDelete' } }),
      workload('DaemonSet', 'on-delete', { updateStrategy: { type: 'OnDelete' } }),
    );

    await expect(shop.plan('restart_deployment', 'deployment/paused')).rejects.toMatchObject({
      code: 'precondition_failed',
      message: `Deployment ${shop.namespace}/paused is paused; resume it first`,
      details: { hint: `kubectl rollout resume deployment/paused -n ${shop.namespace}` },
    });
    for (const kind of ['StatefulSet', 'DaemonSet']) {
      const word = kind.toLowerCase();
      await expect(shop.plan(`restart_${word}`, `${word}/on-delete`)).rejects.toMatchObject({
        code: 'precondition_failed',
        message: expect.stringContaining(
          `${kind} ${shop.namespace}/on-delete replaces its pods only when they are deleted`,
        ),
        details: { hint: expect.stringContaining('restart_pod') },
      });
    }
  }, 60_000);

  test('of a StatefulSet with a partition says which pods it reaches', async () => {
    const updateStrategy = { type: 'RollingUpdate', rollingUpdate: { partition: 1 } };
    await shop.apply(workload('StatefulSet', 'partitioned', { updateStrategy }));
    await shop.settled('statefulset/partitioned');
    const [first, second] = await podUids('partitioned');

    const plan = await shop.plan('restart_statefulset', 'statefulset/partitioned');
    await shop.carryOut(plan);

    expect(plan.warnings).toEqual([expect.stringMatching(/Only pods with an ordinal of 1 or more are reached/)]);
    const after = await podUids('partitioned');
    expect(after[0]).toBe(first);
    expect(after[1]).not.toBe(second);
  }, 60_000);

  async function podUids(app: string): Promise<string[]> {
    return (await shop.pods(app)).map(({ metadata }) => metadata.uid ?? '');
  }
});

/** Names and times aside. */
function comparable(object: KubernetesObject): unknown {
  const { name, labels, annotations } = object.metadata;
  const text = JSON.stringify({ labels, annotations, spec: object['spec'] }).replaceAll(name, 'NAME');
  return JSON.parse(
    text.replace(/("kubectl.kubernetes.io\/restartedAt":")\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(Z|[+-]\d\d:\d\d)"/, '$1TIME"'),
  );
}
