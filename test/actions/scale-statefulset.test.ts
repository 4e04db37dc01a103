import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { isNoOp } from '../../src/changes/plan.ts';
import { type ClusterFixture, hasCluster, openFixture, workload } from './cluster-fixture.ts';

describe.skipIf(!hasCluster)('scale_statefulset', { concurrent: true }, () => {
  let shop: ClusterFixture;
  beforeAll(async () => (shop = await openFixture()), 60_000);
  afterAll(() => shop?.close(), 60_000);

  test('sets the number by the scale subresource, waits for the ready pods, and its undo sets the number of before', async () => {
    await shop.apply(workload('StatefulSet', 'plain'));
    await shop.settled('statefulset/plain');

    const plan = await shop.plan('scale_statefulset', 'statefulset/plain', { replicas: '3' });
    await shop.carryOut(plan);

    expect(plan.changes).toMatchObject([{ kind: 'patch', subresource: 'scale', edits: [{ from: 2, to: 3 }] }]);
    expect(plan.expectations).toMatchObject([{ kind: 'ready_replicas', replicas: 3 }]);
    expect(plan.warnings).toEqual([]);
    expect(await shop.pods('plain')).toHaveLength(3);
    expect(isNoOp(await shop.plan('scale_statefulset', 'statefulset/plain', { replicas: 3 }))).toBe(true);
    if ('reason' in plan.undo) throw new Error(plan.undo.reason);
    await shop.carryOut(plan.undo);
    expect(await shop.pods('plain')).toHaveLength(2);
  }, 60_000);

  test('names the volume claims that the retention policy deletes for good', async () => {
    const claim = (name: string) => ({
      metadata: { name },
      spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } },
    });
    const spec = { replicas: 4, ordinals: { start: 2 }, volumeClaimTemplates: [claim('data'), claim('wal')] };
    const retention = { persistentVolumeClaimRetentionPolicy: { whenDeleted: 'Retain', whenScaled: 'Delete' } };
    await shop.apply(
      workload('StatefulSet', 'keeps', spec),
      workload('StatefulSet', 'deletes', { ...spec, ...retention }),
    );

    const down = await shop.plan('scale_statefulset', 'statefulset/deletes', { replicas: 2 });

    expect(down.warnings).toEqual([
      expect.stringContaining(
        'will delete the persistent volume claims data-deletes-4, wal-deletes-4, data-deletes-5, wal-deletes-5;',
      ),
    ]);
    expect((await shop.plan('scale_statefulset', 'statefulset/deletes', { replicas: 5 })).warnings).toEqual([]);
    expect((await shop.plan('scale_statefulset', 'statefulset/keeps', { replicas: 2 })).warnings).toEqual([]);
  }, 60_000);
});
