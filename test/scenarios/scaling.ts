import { expect } from 'vitest';
import type { Ground, WorkloadKind } from './ground.ts';
import type { Scenarios } from './scenario.ts';

/** What both scalings are tried on. */
export function scalingOf(kind: 'Deployment' | 'StatefulSet'): Scenarios {
  return {
    effects: {
      'more replicas': async (ground) => {
        const target = await ground.workload(kind);
        return {
          target,
          parameters: { replicas: 2 },
          see: async () => {
            const { status } = await ground.read(target);
            expect(status).toMatchObject({ replicas: 2, readyReplicas: 2 });
          },
        };
      },
      'fewer replicas, down to none': async (ground) => {
        const target = await ground.workload(kind, { replicas: 2 });
        return {
          target,
          parameters: { replicas: 0 },
          see: async (answer) => {
            const { spec } = await ground.read(target);
            expect(spec).toMatchObject({ replicas: 0 });
            expect(answer.risk).toMatchObject({ level: 'high' });
          },
        };
      },
      'against its autoscaler, when told to': async (ground) => {
        const target = await autoscaled(ground, kind);
        return {
          target,
          parameters: { replicas: 2, override_hpa: true },
          see: async (answer) => {
            const { spec } = await ground.read(target);
            expect(spec).toMatchObject({ replicas: 2 });
            expect(answer.verdicts).toMatchObject([{ rule: 'hpa_conflict', verdict: 'allow' }]);
          },
        };
      },
    },
    refusals: {
      'a workload that an autoscaler manages': async (ground) => ({
        target: await autoscaled(ground, kind),
        parameters: { replicas: 3 },
        code: 'hpa_conflict',
        detail: new RegExp(`manages the replicas of ${kind}`),
      }),
    },
  };
}

async function autoscaled(ground: Ground, kind: WorkloadKind) {
  const target = await ground.workload(kind);
  await ground.create({
    apiVersion: 'autoscaling/v2',
    kind: 'HorizontalPodAutoscaler',
    metadata: { name: target.name, namespace: ground.namespace },
    spec: {
      scaleTargetRef: { apiVersion: 'apps/v1', kind, name: target.name },
      minReplicas: 1,
      maxReplicas: 4,
      metrics: [
        { type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 80 } } },
      ],
    },
  });
  return target;
}
