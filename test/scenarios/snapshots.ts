import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'vitest';
import type { ObjectReference } from '../../src/kubernetes/object.ts';
import { eventually, onRealCluster } from '../support/cluster.ts';
import { ensureCustomKind } from './custom-kind.ts';
import type { Ground } from './ground.ts';

const group = 'snapshot.storage.k8s.io';
export const volumeSnapshot = { apiVersion: `${group}/v1`, kind: 'VolumeSnapshot' };

interface Driver {
  driver: string;
  classes: string[];
}

const drivers = new WeakMap<Ground, Map<number, Promise<Driver>>>();

/** The kinds of the snapshot API, and a driver of the ground's own with so many default classes, and one that is none. */
export async function snapshotDriver(ground: Ground, { defaults = 1 } = {}): Promise<Driver> {
  const own = drivers.get(ground) ?? new Map<number, Promise<Driver>>();
  drivers.set(ground, own);
  const made = own.get(defaults) ?? makeDriver(ground, defaults);
  own.set(defaults, made);
  return await made;
}

async function makeDriver(ground: Ground, defaults: number): Promise<Driver> {
  await ensureCustomKind(ground, { group, kind: 'VolumeSnapshot', plural: 'volumesnapshots' });
  await ensureCustomKind(ground, {
    group,
    kind: 'VolumeSnapshotClass',
    plural: 'volumesnapshotclasses',
    scope: 'Cluster',
  });
  const driver = `${ground.name('csi')}.example`;
  const classes: string[] = [];
  for (const isDefault of [...Array.from({ length: defaults }, () => true), false]) {
    const name = ground.name(isDefault ? 'default' : 'other');
    classes.push(name);
    await ground.create({
      apiVersion: `${group}/v1`,
      kind: 'VolumeSnapshotClass',
      metadata: {
        name,
        annotations: isDefault ? { 'snapshot.storage.kubernetes.io/is-default-class': 'true' } : {},
      },
      driver,
      deletionPolicy: 'Delete',
    });
  }
  return { driver, classes };
}

/** A claim that is bound to a volume of the driver; of no driver where there is none. */
export async function claimOf(ground: Ground, driver: string | undefined): Promise<ObjectReference> {
  return await boundClaim(ground, ground.name('data'), driver);
}

/** A StatefulSet, each of whose pods has a claim that is bound to a volume of the driver. */
export async function statefulSetOf(ground: Ground, driver: string, replicas: number): Promise<ObjectReference> {
  const { namespace } = ground;
  const name = ground.name('statefulset');
  for (let ordinal = 0; ordinal < replicas; ordinal += 1) await boundClaim(ground, `data-${name}-${ordinal}`, driver);
  await ground.create({
    apiVersion: 'apps/v1',
    kind: 'StatefulSet',
    metadata: { name, namespace },
    spec: {
      replicas,
      serviceName: name,
      selector: { matchLabels: { app: name } },
      template: {
        metadata: { labels: { app: name } },
        spec: { containers: [{ name: 'app', image: 'registry.example/app:1' }] },
      },
      volumeClaimTemplates: [{ metadata: { name: 'data' }, spec: claimSpec }],
    },
  });
  return { apiVersion: 'apps/v1', kind: 'StatefulSet', namespace, name };
}

const claimSpec = {
  accessModes: ['ReadWriteOnce'],
  storageClassName: '',
  resources: { requests: { storage: '1Gi' } },
};

/** The volume goes first: a real control plane looks for one when a claim comes, and then only every 15 seconds. */
async function boundClaim(ground: Ground, name: string, driver: string | undefined): Promise<ObjectReference> {
  const { namespace, cluster } = ground;
  const claim = { apiVersion: 'v1', kind: 'PersistentVolumeClaim', namespace, name };
  const volume = ground.name('volume');
  await ground.create({
    apiVersion: 'v1',
    kind: 'PersistentVolume',
    metadata: { name: volume },
    spec: {
      accessModes: ['ReadWriteOnce'],
      capacity: { storage: '1Gi' },
      storageClassName: '',
      claimRef: { namespace, name },
      persistentVolumeReclaimPolicy: 'Retain',
      ...(driver ? { csi: { driver, volumeHandle: volume } } : { hostPath: { path: '/tmp/none' } }),
    },
  });
  await ground.create({
    apiVersion: 'v1',
    kind: 'PersistentVolumeClaim',
    metadata: { name, namespace },
    spec: { ...claimSpec, volumeName: volume },
  });
  await eventually(async () => {
    if (!onRealCluster) await ground.patch(claim, { status: { phase: 'Bound' } }, 'status');
    expect((await cluster.get(claim)).status).toMatchObject({ phase: 'Bound' });
  }, 30_000);
  return claim;
}

/** The driver's part: each snapshot of the namespace is ready a moment later, or has the error. */
export function driverPlayed(ground: Ground, { error }: { error?: string } = {}) {
  return async (signal: AbortSignal): Promise<void> => {
    while (!signal.aborted) {
      const { items } = await ground.cluster.list({ ...volumeSnapshot, namespace: ground.namespace });
      for (const { metadata, status } of items) {
        if (status) continue;
        const { name } = metadata;
        const result = error
          ? { readyToUse: false, error: { message: error, time: new Date().toISOString() } }
          : { readyToUse: true, boundVolumeSnapshotContentName: `snapcontent-${name}`, restoreSize: '1Gi' };
        await ground.patch({ ...volumeSnapshot, namespace: ground.namespace, name }, { status: result }, 'status');
      }
      await sleep(50, undefined, { signal }).catch(() => undefined);
    }
  };
}
