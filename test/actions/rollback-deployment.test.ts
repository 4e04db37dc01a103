import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { KubernetesObject } from '../../src/kubernetes/object.ts';
import { type ClusterFixture, hasCluster, openFixture, workload } from './cluster-fixture.ts';

const kinds = ['Deployment', 'StatefulSet', 'DaemonSet'] as const;

describe.skipIf(!hasCluster)('rollback_deployment', { concurrent: true }, () => {
  let shop: ClusterFixture;
  beforeAll(async () => (shop = await openFixture()), 60_000);
  afterAll(() => shop?.close(), 60_000);

  describe.each(kinds)('of a %s', (kind) => {
    const word = kind.toLowerCase();

    test.each([
      ['the revision before the newest', 'default', undefined],
      ['a revision by number', 'numbered', 1],
    ])(
      'to %s leaves what kubectl rollout undo leaves',
      async (_, suffix, revision) => {
        const names = [`${word}-${suffix}-k`, `${word}-${suffix}-e`] as const;
        await Promise.all(names.map((name) => threeRevisions(kind, name)));

        await shop.kubectl(
          'rollout',
          'undo',
          `${word}/${names[0]}`,
          ...(revision ? [`--to-revision=${revision}`] : []),
        );
        await shop.settled(`${word}/${names[0]}`);
        await shop.perform('rollback_deployment', `${word}/${names[1]}`, revision ? { revision } : {});

        const [byKubectl, byUs] = [await shop.read(`${word}/${names[0]}`), await shop.read(`${word}/${names[1]}`)];
        expect(comparable(byUs)).toEqual(comparable(byKubectl));
        expect(imageOf(byUs)).toBe(revision ? 'shop/web:1' : 'shop/web:2');
      },
      60_000,
    );

    test('by a revision number in a history with gaps, and its undo brings back the revision left', async () => {
      const name = `${word}-gaps`;
      await threeRevisions(kind, name);
      await shop.kubectl('rollout', 'undo', `${word}/${name}`, '--to-revision=1');
      await shop.settled(`${word}/${name}`);
      const left = await shop.read(`${word}/${name}`);

      const plan = await shop.plan('rollback_deployment', `${word}/${name}`, { revision: 2 });
      await shop.carryOut(plan);
      expect(imageOf(await shop.read(`${word}/${name}`))).toBe('shop/web:2');
      await expect(shop.plan('rollback_deployment', `${word}/${name}`, { revision: 1 })).rejects.toMatchObject({
        code: 'precondition_failed',
        message: expect.stringMatching(/has no revision 1; it has 3, 4, 5/),
      });
      if ('reason' in plan.undo) throw new Error(plan.undo.reason);
      await shop.carryOut(plan.undo);

      const back = await shop.read(`${word}/${name}`);
      expect(back['spec']).toEqual(left['spec']);
      expect(withoutCounters(back)).toEqual(withoutCounters(left));
    }, 60_000);

    test('refuses the current revision, an unknown one, and a workload with only one', async () => {
      const name = `${word}-refused`;
      await threeRevisions(kind, name);
      await shop.apply(workload(kind, `${word}-single`));
      await shop.settled(`${word}/${word}-single`);

      const refusal = (message: RegExp) => ({ code: 'precondition_failed', message: expect.stringMatching(message) });
      const target = `${word}/${name}`;
      await expect(shop.plan('rollback_deployment', target, { revision: 3 })).rejects.toMatchObject(
        refusal(/is at revision 3 already/),
      );
      await expect(shop.plan('rollback_deployment', target, { revision: 9 })).rejects.toMatchObject(
        refusal(/has no revision 9; it has 1, 2, 3/),
      );
      await expect(shop.plan('rollback_deployment', `${word}/${word}-single`)).rejects.toMatchObject(
        refusal(/has only revision 1/),
      );
    }, 60_000);
  });

  test('removes annotations that the earlier revision did not have, as kubectl does, and brings back its change cause', async () => {
    const annotated = async (name: string) => {
      await threeRevisions('Deployment', name);
      await shop.patch(`deployment/${name}`, {
        metadata: { annotations: { added: 'later', 'kubernetes.io/change-cause': 'third' } },
      });
    };
    await Promise.all(['annotated-k', 'annotated-e'].map(annotated));

    await shop.kubectl('rollout', 'undo', 'deployment/annotated-k');
    await shop.perform('rollback_deployment', 'deployment/annotated-e');

    const byUs = await shop.read('deployment/annotated-e');
    expect(comparable(byUs)).toEqual(comparable(await shop.read('deployment/annotated-k')));
    expect(byUs.metadata.annotations).toMatchObject({ 'kubernetes.io/change-cause': 'cause 2' });
    expect(byUs.metadata.annotations).not.toHaveProperty('added');
  }, 60_000);

  test('refuses a paused Deployment and an OnDelete StatefulSet', async () => {
    await threeRevisions('Deployment', 'paused');
    await shop.kubectl('rollout', 'pause', 'deployment/paused');
    await shop.apply(workload('StatefulSet', 'on-delete', { updateStrategy: { type: 'OnDelete' } }));

    await expect(shop.plan('rollback_deployment', 'deployment/paused')).rejects.toThrow(
      /Deployment .*\/paused is paused; resume it first/,
    );
    await expect(shop.plan('rollback_deployment', 'statefulset/on-delete')).rejects.toThrow(
      /only when they are deleted/,
    );
  }, 60_000);

  /** Images 1, 2 and 3, each rolled out, each with its own change cause. */
  async function threeRevisions(kind: (typeof kinds)[number], name: string): Promise<void> {
    const target = `${kind.toLowerCase()}/${name}`;
    await shop.apply(workload(kind, name));
    for (const revision of [1, 2, 3]) {
      const annotations = { 'kubernetes.io/change-cause': `cause ${revision}` };
      const containers = [{ name: 'main', image: `shop/web:${revision}` }];
      await shop.patch(target, { metadata: { annotations }, spec: { template: { spec: { containers } } } });
      await shop.settled(target);
    }
  }
});

/** All that two workloads of the same history have in common, whatever their names. */
function comparable(object: KubernetesObject): unknown {
  const { name, labels, annotations = {} } = object.metadata;
  return JSON.parse(JSON.stringify({ labels, annotations, spec: object['spec'] }).replaceAll(name, 'NAME'));
}

/** The annotations that controllers don't count in. */
function withoutCounters({ metadata }: KubernetesObject): unknown {
  const counters = ['deployment.kubernetes.io/revision', 'deprecated.daemonset.template.generation'];
  return Object.fromEntries(Object.entries(metadata.annotations ?? {}).filter(([key]) => !counters.includes(key)));
}

function imageOf(object: KubernetesObject): unknown {
  return JSON.stringify(object['spec']).match(/"image":"([^"]+)"/)?.[1];
}
