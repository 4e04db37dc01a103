import { expect } from 'vitest';
import type { ObjectReference } from '../../src/kubernetes/object.ts';
import { eventually } from '../support/cluster.ts';
import type { Ground } from './ground.ts';
import type { Answered, Effect, Refused, Scenarios } from './scenario.ts';
import { claimOf, driverPlayed, snapshotDriver, statefulSetOf, volumeSnapshot } from './snapshots.ts';

const dayMs = 24 * 60 * 60 * 1000;

export const scenarios: Scenarios = {
  effects: {
    'a claim, by the default class': async (ground) => {
      const { driver, classes } = await snapshotDriver(ground);
      const claim = await claimOf(ground, driver);
      return backup(ground, claim, { claims: [claim.name], snapshotClass: classes[0], days: 30 });
    },
    'a claim, under a name, by a class, for a week': async (ground) => {
      const { driver, classes } = await snapshotDriver(ground);
      const claim = await claimOf(ground, driver);
      const backup_name = ground.name('before');
      return backup(ground, claim, {
        parameters: { backup_name, snapshot_class: classes[1], retention_days: '7' },
        claims: [claim.name],
        snapshotClass: classes[1],
        days: 7,
        names: [backup_name],
      });
    },
    'all claims of a StatefulSet': async (ground) => {
      const { driver, classes } = await snapshotDriver(ground);
      const target = await statefulSetOf(ground, driver, 2);
      const claims = [`data-${target.name}-0`, `data-${target.name}-1`];
      const backup_name = ground.name('all');
      return backup(ground, target, {
        parameters: { backup_name },
        claims,
        snapshotClass: classes[0],
        days: 30,
        names: claims.map((claim) => `${backup_name}-${claim}`),
      });
    },
  },
  refusals: {
    'more days than a year': async (ground) => ({
      ...(await refused(ground, /retention_days/, { parameters: { retention_days: 366 } })),
      code: 'validation_failed',
    }),
    'no day at all': async (ground) => ({
      ...(await refused(ground, /retention_days/, { parameters: { retention_days: 0 } })),
      code: 'validation_failed',
    }),
    'a class that does not exist': (ground) =>
      refused(ground, /There is no VolumeSnapshotClass not-there/, { parameters: { snapshot_class: 'not-there' } }),
    "another driver's class": async (ground) => {
      const { classes } = await snapshotDriver(ground, { defaults: 2 });
      return await refused(ground, /is for csi-.*, but .* is a volume of csi-/, {
        parameters: { snapshot_class: classes[0] },
      });
    },
    'a driver without a default class': (ground) =>
      refused(ground, /has no default VolumeSnapshotClass/, { defaults: 0 }),
    'a driver with two default classes': (ground) =>
      refused(ground, /has 2 default VolumeSnapshotClasses/, { defaults: 2 }),
    'a volume of no CSI driver': async (ground) => {
      await snapshotDriver(ground);
      return { ...(await refused(ground, /is of no CSI driver/)), target: await claimOf(ground, undefined) };
    },
    'a claim that is not bound': async (ground) => {
      const name = ground.name('pending');
      await ground.create({
        apiVersion: 'v1',
        kind: 'PersistentVolumeClaim',
        metadata: { name, namespace: ground.namespace },
        spec: { accessModes: ['ReadWriteOnce'], storageClassName: 'none', resources: { requests: { storage: '1Gi' } } },
      });
      const target = { apiVersion: 'v1', kind: 'PersistentVolumeClaim', namespace: ground.namespace, name };
      return { ...(await refused(ground, /is Pending, not Bound/)), target };
    },
    'a StatefulSet without claims': async (ground) => ({
      ...(await refused(ground, /has no volumeClaimTemplates/)),
      target: await ground.workload('StatefulSet'),
    }),
    'a StatefulSet without replicas': async (ground) => {
      const { driver } = await snapshotDriver(ground);
      return { ...(await refused(ground, /has no replicas/)), target: await statefulSetOf(ground, driver, 0) };
    },
    'a name that is taken': async (ground) => {
      const name = ground.name('taken');
      const asked = await refused(ground, /VolumeSnapshot .*taken-.* exists already/, {
        parameters: { backup_name: name },
      });
      await ground.create({ ...volumeSnapshot, metadata: { name, namespace: ground.namespace }, spec: { source: {} } });
      return asked;
    },
    'a claim that is being deleted': async (ground) => {
      const asked = await refused(ground, /is being deleted since/);
      if (!asked.target) throw new Error('It has a target');
      const { target } = asked;
      await ground.patch(target, { metadata: { finalizers: ['test.example/held'] } });
      await ground.cluster.delete(target);
      await eventually(async () => expect((await ground.cluster.get(target)).metadata.deletionTimestamp).toBeDefined());
      return asked;
    },
  },
  unusedPermissions: {
    'get volumesnapshots.snapshot.storage.k8s.io': 'Whether it is there, where the answer to its creation was lost',
  },
};

async function refused(
  ground: Ground,
  detail: RegExp,
  { parameters = {}, defaults = 1 }: { parameters?: Record<string, unknown>; defaults?: number } = {},
): Promise<Refused> {
  const { driver } = await snapshotDriver(ground, { defaults });
  return { target: await claimOf(ground, driver), parameters, code: 'precondition_failed', detail };
}

function backup(
  ground: Ground,
  target: ObjectReference,
  {
    parameters = {},
    claims,
    snapshotClass,
    days,
    names,
  }: {
    parameters?: Record<string, unknown>;
    claims: string[];
    snapshotClass: string | undefined;
    days: number;
    names?: string[];
  },
): Effect {
  let made: string[] = [];
  return {
    target,
    parameters,
    meanwhile: driverPlayed(ground),
    see: async (answer: Answered) => {
      made = answer.changes.map((change: { target: { name: string } }) => change.target.name);
      if (names) expect(made).toEqual(names);
      const snapshots = await Promise.all(
        made.map((name) => ground.read({ ...volumeSnapshot, namespace: ground.namespace, name })),
      );
      expect(snapshots).toMatchObject(
        claims.map((claim) => ({
          metadata: {
            labels: { 'executor.kubernaut.io/backup': 'true' },
            annotations: { 'executor.kubernaut.io/execution': answer.action_id },
          },
          spec: { volumeSnapshotClassName: snapshotClass, source: { persistentVolumeClaimName: claim } },
          status: { readyToUse: true },
        })),
      );
      const [first] = snapshots;
      const expires = Date.parse(first?.metadata.annotations?.['executor.kubernaut.io/expires'] ?? '');
      expect(Math.abs(expires - Date.parse(answer.created_at) - days * dayMs)).toBeLessThan(60_000);
    },
    seeUndone: async () => {
      for (const name of made)
        await expect(ground.cluster.get({ ...volumeSnapshot, namespace: ground.namespace, name })).rejects.toThrow(
          /not found/,
        );
    },
  };
}
