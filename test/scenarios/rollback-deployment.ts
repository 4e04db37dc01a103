import { expect } from 'vitest';
import type { Ground, WorkloadKind } from './ground.ts';
import type { Effect, Scenarios } from './scenario.ts';

export const scenarios: Scenarios = {
  effects: {
    'a Deployment to the revision before': (ground) => back(ground, 'Deployment'),
    'a StatefulSet to the revision before': (ground) => back(ground, 'StatefulSet'),
    'a DaemonSet to the revision before': (ground) => back(ground, 'DaemonSet'),
    'to the revision asked for': async (ground) => await back(ground, 'Deployment', { revision: '1' }),
  },
  refusals: {
    'a workload with one revision only': async (ground) => ({
      target: await ground.workload('Deployment'),
      parameters: {},
      code: 'precondition_failed',
      detail: /only revision 1/,
    }),
    'an unknown revision': async (ground) => ({
      target: await ground.secondRevision(await ground.workload('Deployment')),
      parameters: { revision: 7 },
      code: 'precondition_failed',
      detail: /has no revision 7; it has 1, 2/,
    }),
    'the current revision': async (ground) => ({
      target: await ground.secondRevision(await ground.workload('Deployment')),
      parameters: { revision: 2 },
      code: 'precondition_failed',
      detail: /is at revision 2 already/,
    }),
    'a negative revision': async (ground) => ({
      target: await ground.workload('Deployment'),
      parameters: { revision: -1 },
      code: 'validation_failed',
      detail: /revision/,
    }),
    'a paused Deployment': async (ground) => {
      const target = await ground.secondRevision(await ground.workload('Deployment'));
      await ground.patch(target, { spec: { paused: true } });
      return { target, parameters: {}, code: 'precondition_failed', detail: /is paused/ };
    },
    'one whose strategy is OnDelete': async (ground) => ({
      target: await ground.workload('DaemonSet', { spec: { updateStrategy: { type: 'OnDelete' } } }),
      parameters: {},
      code: 'precondition_failed',
      detail: /OnDelete/,
    }),
  },
};

async function back(ground: Ground, kind: WorkloadKind, parameters: Record<string, unknown> = {}): Promise<Effect> {
  const target = await ground.secondRevision(await ground.workload(kind));
  const image = async () => {
    const { spec } = await ground.read(target);
    return (spec as { template: { spec: { containers: { image: string }[] } } }).template.spec.containers[0]?.image;
  };
  return {
    target,
    parameters,
    see: async () => expect(await image()).toBe('registry.example/app:1'),
    seeUndone: async () => expect(await image()).toBe('registry.example/app:2'),
  };
}
