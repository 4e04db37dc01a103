import { expect } from 'vitest';
import type { ObjectReference } from '../../src/kubernetes/object.ts';
import type { Ground } from './ground.ts';
import type { Scenarios } from './scenario.ts';

const cpu = {
  type: 'Resource',
  resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 80 } },
};
const queue = {
  type: 'Pods',
  pods: { metric: { name: 'queue' }, target: { type: 'AverageValue', averageValue: '30' } },
};

export const scenarios: Scenarios = {
  effects: {
    'the bounds, and nothing else': async (ground) => {
      const { hpa } = await autoscaled(ground);
      return {
        target: hpa,
        parameters: { min_replicas: 2, max_replicas: 5 },
        see: async () => {
          const { spec } = await ground.read(hpa);
          expect(spec).toMatchObject({ minReplicas: 2, maxReplicas: 5, metrics: [queue, cpu] });
        },
      };
    },
    'the targets, found by the workload': async (ground) => {
      const { hpa, workload } = await autoscaled(ground);
      return {
        target: workload,
        touches: [hpa],
        parameters: { target_cpu_utilization: 55, target_memory_utilization: 70 },
        see: async () => {
          const { spec } = await ground.read(hpa);
          expect(spec).toMatchObject({
            minReplicas: 1,
            maxReplicas: 4,
            metrics: [
              queue,
              { resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 55 } } },
              { resource: { name: 'memory', target: { type: 'Utilization', averageUtilization: 70 } } },
            ],
          });
        },
        seeUndone: async () => {
          const { spec } = await ground.read(hpa);
          expect(spec).toMatchObject({ metrics: [queue, cpu] });
        },
      };
    },
  },
  refusals: {
    'nothing given': async (ground) => ({
      target: (await autoscaled(ground)).hpa,
      parameters: {},
      code: 'validation_failed',
      detail: /must give at least one of min_replicas/,
    }),
    'more at least than at most': async (ground) => ({
      target: (await autoscaled(ground)).hpa,
      parameters: { min_replicas: 6, max_replicas: 5 },
      code: 'validation_failed',
      detail: /parameters\/min_replicas.*must not be more than max_replicas/,
    }),
    'more at least than at most, once merged with what stands there': async (ground) => ({
      target: (await autoscaled(ground)).hpa,
      parameters: { min_replicas: 5 },
      code: 'precondition_failed',
      detail: /at least 5 and at most 4 replicas; it has 1 to 4/,
    }),
    'a workload without an autoscaler': async (ground) => ({
      target: await ground.workload('Deployment'),
      parameters: { min_replicas: 2 },
      code: 'precondition_failed',
      detail: /has no HorizontalPodAutoscaler/,
    }),
    'a workload with more than one': async (ground) => {
      const { workload } = await autoscaled(ground);
      await autoscale(ground, workload);
      return {
        target: workload,
        parameters: { min_replicas: 2 },
        code: 'precondition_failed',
        detail: /more than one/,
      };
    },
    'one that a GitOps controller manages': async (ground) => ({
      target: (await autoscaled(ground, { 'argocd.argoproj.io/instance': 'shop' })).hpa,
      parameters: { min_replicas: 2 },
      code: 'gitops_managed',
      detail: /is managed by Argo CD/,
    }),
  },
  unusedPermissions: {
    'watch horizontalpodautoscalers.autoscaling':
      'an autoscaler that has not reported its conditions yet is waited for',
  },
};

async function autoscaled(ground: Ground, labels: Record<string, string> = {}) {
  const workload = await ground.workload('Deployment');
  return { workload, hpa: await autoscale(ground, workload, labels) };
}

async function autoscale(
  ground: Ground,
  workload: ObjectReference,
  labels: Record<string, string> = {},
): Promise<ObjectReference> {
  const name = ground.name('hpa');
  const { apiVersion, kind } = workload;
  await ground.create({
    apiVersion: 'autoscaling/v2',
    kind: 'HorizontalPodAutoscaler',
    metadata: { name, namespace: ground.namespace, labels },
    spec: {
      scaleTargetRef: { apiVersion, kind, name: workload.name },
      minReplicas: 1,
      maxReplicas: 4,
      metrics: [queue, cpu],
    },
  });
  return { apiVersion: 'autoscaling/v2', kind: 'HorizontalPodAutoscaler', namespace: ground.namespace, name };
}
