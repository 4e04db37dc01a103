import { expect } from 'vitest';
import type { ObjectReference } from '../../src/kubernetes/object.ts';
import { eventually } from '../support/cluster.ts';
import type { Ground } from './ground.ts';
import type { Scenarios } from './scenario.ts';

export const scenarios: Scenarios = {
  effects: {
    'a larger volume': async (ground) => {
      const target = await claim(ground);
      return {
        target,
        parameters: { size: '2Gi' },
        meanwhile: (signal) => provisioner(ground, target, signal, { capacity: { storage: '2Gi' } }),
        see: async () => {
          const { spec, status } = await ground.read(target);
          expect(spec).toMatchObject({ resources: { requests: { storage: '2Gi' } } });
          expect(status).toMatchObject({ capacity: { storage: '2Gi' } });
        },
      };
    },
    'a larger volume, whose file system grows with the next mount': async (ground) => {
      const target = await claim(ground);
      const conditions = [{ type: 'FileSystemResizePending', status: 'True' }];
      return {
        target,
        parameters: { new_size: '1536Mi' },
        meanwhile: (signal) => provisioner(ground, target, signal, { conditions }),
        see: async () => {
          const { spec } = await ground.read(target);
          expect(spec).toMatchObject({ resources: { requests: { storage: '1536Mi' } } });
        },
      };
    },
  },
  refusals: {
    'a class without expansion': async (ground) => ({
      target: await claim(ground, { expandable: false }),
      parameters: { size: '2Gi' },
      code: 'precondition_failed',
      detail: /StorageClass .* does not allow expansion/,
    }),
    'a smaller size': async (ground) => ({
      target: await claim(ground),
      parameters: { size: '500Mi' },
      code: 'precondition_failed',
      detail: /asks for 1Gi; 500Mi would be less/,
    }),
    'an unbound claim': async (ground) => ({
      target: await claim(ground, { bound: false }),
      parameters: { size: '2Gi' },
      code: 'precondition_failed',
      detail: /is not bound to a volume/,
    }),
    'no size, and one that is none': async (ground) => ({
      target: await claim(ground),
      parameters: { new_size: 'a lot' },
      code: 'validation_failed',
      detail: /parameters\/new_size.*must be an amount above zero/,
    }),
    'nothing given': async (ground) => ({
      target: await claim(ground),
      parameters: {},
      code: 'validation_failed',
      detail: /parameters\/size.*is missing/,
    }),
  },
};

/** A claim of 1Gi with a volume that the test has made for it: nothing provisions one here. */
async function claim(ground: Ground, { expandable = true, bound = true } = {}): Promise<ObjectReference> {
  const name = ground.name('claim');
  const spec = { accessModes: ['ReadWriteOnce'], storageClassName: name };
  await ground.create({
    apiVersion: 'storage.k8s.io/v1',
    kind: 'StorageClass',
    metadata: { name },
    provisioner: 'test.example/none',
    allowVolumeExpansion: expandable,
  });
  const target = { apiVersion: 'v1', kind: 'PersistentVolumeClaim', namespace: ground.namespace, name };
  // The volume first: a claim that finds none is looked at again only every 15 s.
  if (bound)
    await ground.create({
      apiVersion: 'v1',
      kind: 'PersistentVolume',
      metadata: { name },
      spec: { ...spec, capacity: { storage: '1Gi' }, csi: { driver: 'test.example', volumeHandle: name } },
    });
  await ground.create({
    apiVersion: 'v1',
    kind: 'PersistentVolumeClaim',
    metadata: { name, namespace: ground.namespace },
    spec: { ...spec, resources: { requests: { storage: '1Gi' } } },
  });
  if (!bound) return target;
  await eventually(async () => {
    const { status } = await ground.cluster.get(target);
    if ((status as { phase?: string }).phase !== 'Bound') throw new Error(`${name}: ${JSON.stringify(status)}`);
  });
  return target;
}

/** What a storage driver does once the claim asks for more. */
async function provisioner(
  ground: Ground,
  target: ObjectReference,
  signal: AbortSignal,
  status: object,
): Promise<void> {
  while (!signal.aborted) {
    const { spec } = await ground.cluster.get(target, { signal });
    const { resources } = spec as { resources: { requests: { storage: string } } };
    if (resources.requests.storage !== '1Gi') {
      await ground.patch(target, { status }, 'status');
      return;
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
