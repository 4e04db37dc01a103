import { expect } from 'vitest';
import { type ObjectReference, referenceTo } from '../../src/kubernetes/object.ts';
import type { Ground, WorkloadShape } from './ground.ts';
import type { Effect, Scenarios } from './scenario.ts';

export const scenarios: Scenarios = {
  effects: {
    'the control plane of Istio, then what has its proxy in a namespace': async (ground) => {
      const target = await ground.anotherNamespace(ground.name('mesh'), { labels: { 'istio-injection': 'enabled' } });
      const plane = await istiod(ground);
      const { name: namespace } = target;
      const injected = [
        await ground.workload('Deployment', { namespace }),
        await ground.workload('StatefulSet', { namespace }),
      ];
      const optedOut = await ground.workload('Deployment', {
        namespace,
        podLabels: { 'sidecar.istio.io/inject': 'false' },
      });
      const parameters = { mesh_type: 'istio', restart_workloads: true };
      const effect = await restarted(ground, { target, parameters, own: [plane, ...injected], left: [optedOut] });
      return {
        ...effect,
        notVerified: true,
        see: async (answer) => {
          await effect.see(answer);
          expect(answer.changes.map(({ kind }: { kind: string }) => kind)).toEqual([
            'restart',
            'wait',
            'restart',
            'restart',
          ]);
        },
      };
    },
    'the control plane of Linkerd, then what asks for its proxy itself': async (ground) => {
      await ground.anotherNamespace('linkerd');
      const target = await ground.anotherNamespace(ground.name('mesh'));
      const { name: namespace } = target;
      const plane = [
        await component(ground, 'linkerd', { 'linkerd.io/control-plane-component': 'destination' }),
        await component(ground, 'linkerd', { 'linkerd.io/control-plane-component': 'identity' }),
      ];
      const injected = await ground.workload('DaemonSet', {
        namespace,
        podAnnotations: { 'linkerd.io/inject': 'enabled' },
      });
      const plain = await ground.workload('Deployment', { namespace });
      const parameters = { mesh_type: 'linkerd', restart_workloads: true };
      const effect = await restarted(ground, { target, parameters, own: [...plane, injected], left: [plain] });
      return { ...effect, notVerified: true };
    },
    'the control plane of Consul alone, for the cluster': async (ground) => {
      await ground.anotherNamespace('consul');
      const own = [
        await ground.workload('StatefulSet', {
          namespace: 'consul',
          labels: { app: 'consul', component: 'server' },
        }),
        await component(ground, 'consul', { app: 'consul', component: 'connect-injector' }),
      ];
      const effect = await restarted(ground, { parameters: { mesh_type: 'consul' }, own, left: [] });
      return { ...effect, notVerified: true };
    },
    'the control plane alone, where the namespace has nothing that was asked for': async (ground) => {
      const target = await ground.anotherNamespace(ground.name('mesh'), { labels: { 'istio-injection': 'enabled' } });
      const left = await ground.workload('Deployment', { namespace: target.name });
      const effect = await restarted(ground, {
        target,
        parameters: { mesh_type: 'istio' },
        own: [await istiod(ground)],
        left: [left],
      });
      return {
        ...effect,
        see: async (answer) => {
          await effect.see(answer);
          expect(answer.warnings.join()).toContain('are left alone: restart_workloads is false');
        },
      };
    },
  },
  refusals: {
    'workloads without a namespace': async () => ({
      parameters: { mesh_type: 'istio', restart_workloads: true },
      code: 'validation_failed',
      detail: /restart_workloads needs a namespace/,
    }),
    'a mesh that is not there': async (ground) => {
      for (const kind of ['Deployment', 'StatefulSet']) {
        const { items } = await ground.cluster.list({ apiVersion: 'apps/v1', kind, namespace: 'consul' });
        for (const item of items) await ground.cluster.delete(referenceTo(item));
      }
      return {
        parameters: { mesh_type: 'consul' },
        code: 'target_not_found',
        detail: /has no control plane of consul/,
      };
    },
    'no mesh named, where there are two': async (ground) => {
      await ground.anotherNamespace('linkerd');
      await istiod(ground);
      await component(ground, 'linkerd', { 'linkerd.io/control-plane-component': 'destination' });
      return { parameters: {}, code: 'validation_failed', detail: /mesh_type says which one is meant/ };
    },
    'a control plane whose strategy is OnDelete': async (ground) => {
      await ground.anotherNamespace('consul');
      await ground.workload('StatefulSet', {
        namespace: 'consul',
        labels: { app: 'consul', component: 'server' },
        spec: { updateStrategy: { type: 'OnDelete' } },
        ready: false,
      });
      return { parameters: { mesh_type: 'consul' }, code: 'precondition_failed', detail: /updateStrategy OnDelete/ };
    },
    'a control plane that is paused': async (ground) => {
      await ground.anotherNamespace('istio-system');
      await ground.workload('Deployment', {
        namespace: 'istio-system',
        labels: { app: 'istiod' },
        spec: { paused: true },
        ready: false,
      });
      return { parameters: { mesh_type: 'istio' }, code: 'precondition_failed', detail: /is paused/ };
    },
  },
};

async function istiod(ground: Ground): Promise<ObjectReference> {
  await ground.anotherNamespace('istio-system');
  return await component(ground, 'istio-system', { app: 'istiod' });
}

function component(ground: Ground, namespace: string, labels: Record<string, string>): Promise<ObjectReference> {
  return ground.workload('Deployment', { namespace, labels } satisfies WorkloadShape);
}

async function restarted(
  ground: Ground,
  { own, left, ...asked }: Pick<Effect, 'target' | 'parameters'> & { own: ObjectReference[]; left: ObjectReference[] },
): Promise<Effect> {
  const [before, leftBefore] = [await uidsOf(ground, own), await uidsOf(ground, left)];
  return {
    ...asked,
    touches: [...own, ...left],
    see: async (answer) => {
      const after = await uidsOf(ground, own);
      expect(after).toHaveLength(before.length);
      expect(after.filter((uid) => before.includes(uid))).toEqual([]);
      expect(await uidsOf(ground, left)).toEqual(leftBefore);
      for (const { name } of own) expect(answer.result.restarted.join()).toContain(name);
    },
  };
}

async function uidsOf(ground: Ground, workloads: ObjectReference[]): Promise<(string | undefined)[]> {
  const pods = await Promise.all(workloads.map((workload) => ground.podsOf(workload)));
  return pods.flat().map(({ metadata }) => metadata.uid);
}
