import { expect } from 'vitest';
import type { KubernetesObject, ObjectReference } from '../../src/kubernetes/object.ts';
import type { Ground } from './ground.ts';
import type { Effect, Scenarios } from './scenario.ts';

export const scenarios: Scenarios = {
  effects: {
    'a pod of a Deployment, evicted': async (ground) => {
      const workload = await ground.workload('Deployment');
      return await replaced(ground, workload, { target: await ground.podOf(workload), parameters: {} });
    },
    'a pod of a StatefulSet, deleted by force': async (ground) => {
      const workload = await ground.workload('StatefulSet');
      const parameters = { force: true, grace_period_seconds: 1 };
      return await replaced(ground, workload, { target: await ground.podOf(workload), parameters });
    },
    'all pods of a Deployment, one after another': async (ground) => {
      const target = await ground.workload('Deployment', { replicas: 2 });
      return await replaced(ground, target, { target, parameters: {} });
    },
    'all pods of a DaemonSet': async (ground) => {
      const target = await ground.workload('DaemonSet');
      return await replaced(ground, target, { target, parameters: {} });
    },
    'a pod that nothing makes again, deleted by force': async (ground) => {
      const target = await ground.barePod();
      return {
        target,
        parameters: { force: true },
        see: async (answer) => {
          await expect(ground.cluster.get(target)).rejects.toThrow(/not found/);
          expect(answer.warnings).toEqual([expect.stringContaining('nothing will make it again')]);
        },
      };
    },
  },
  refusals: {
    'a pod without a controller': async (ground) => ({
      target: await ground.barePod(),
      parameters: {},
      code: 'precondition_failed',
      detail: /has no controller/,
    }),
    'a mirror pod': async (ground) => ({
      target: await mirrorPod(ground),
      parameters: {},
      code: 'precondition_failed',
      detail: /is a mirror pod/,
    }),
    'a pod that is terminating': async (ground) => {
      const workload = await ground.workload('Deployment', { podAnnotations: { 'test/terminate-after': '20s' } });
      const target = await ground.podOf(workload);
      await ground.cluster.delete(target);
      return { target, parameters: {}, code: 'precondition_failed', detail: /is terminating already/ };
    },
  },
};

async function replaced(
  ground: Ground,
  workload: ObjectReference,
  asked: Pick<Effect, 'target' | 'parameters'>,
): Promise<Effect> {
  const gone = asked.target?.kind === 'Pod' ? [await ground.read(asked.target)] : await ground.podsOf(workload);
  const count = (await ground.podsOf(workload)).length;
  return {
    ...asked,
    see: async () => {
      const after = (await ground.podsOf(workload)).map(uidOf);
      expect(after).toHaveLength(count);
      expect(after.filter((uid) => gone.map(uidOf).includes(uid))).toEqual([]);
    },
  };
}

function uidOf({ metadata }: KubernetesObject): string | undefined {
  return metadata.uid;
}

/** As a kubelet shows a pod that it runs from a file. */
async function mirrorPod(ground: Ground): Promise<ObjectReference> {
  const name = ground.name('static');
  await ground.create({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace: ground.namespace, annotations: { 'kubernetes.io/config.mirror': 'abc' } },
    spec: { nodeName: 'node-1', containers: [{ name: 'app', image: 'registry.example/app:1' }] },
  });
  return { apiVersion: 'v1', kind: 'Pod', namespace: ground.namespace, name };
}
