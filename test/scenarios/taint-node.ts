import { expect } from 'vitest';
import type { Ground } from './ground.ts';
import type { Effect, Scenarios } from './scenario.ts';

export const scenarios: Scenarios = {
  effects: {
    'a taint beside those of others': async (ground) => {
      const target = await tainted(ground, [{ key: 'dedicated', value: 'gpu', effect: 'NoSchedule' }]);
      return {
        ...taintsAfter(ground, target, [
          { key: 'dedicated', value: 'gpu', effect: 'NoSchedule' },
          { key: 'maintenance', effect: 'PreferNoSchedule' },
        ]),
        parameters: { key: 'maintenance', effect: 'PreferNoSchedule' },
      };
    },
    'another value, when told to overwrite': async (ground) => {
      const target = await tainted(ground, [
        { key: 'dedicated', value: 'gpu', effect: 'NoSchedule' },
        { key: 'dedicated', value: 'gpu', effect: 'NoExecute' },
      ]);
      return {
        ...taintsAfter(ground, target, [
          { key: 'dedicated', value: 'db', effect: 'NoSchedule' },
          { key: 'dedicated', value: 'gpu', effect: 'NoExecute' },
        ]),
        parameters: { key: 'dedicated', value: 'db', effect: 'NoSchedule', overwrite: true },
      };
    },
    'NoExecute, which drives the pods out and counts as a drain': async (ground) => {
      const target = await ground.node();
      const pod = await ground.barePod({ spec: { nodeName: target.name } });
      return {
        target,
        touches: [pod],
        parameters: { key: 'example.com/broken', effect: 'NoExecute' },
        see: async (answer) => {
          const { spec } = await ground.read(target);
          expect(spec).toMatchObject({ taints: [{ key: 'example.com/broken', effect: 'NoExecute' }] });
          expect(answer.risk).toMatchObject({ level: 'critical', reasons: [expect.stringMatching(/drives \d+ pods/)] });
        },
        seeUndone: async () => {
          const { spec } = await ground.read(target);
          expect(spec).not.toHaveProperty('taints');
        },
      };
    },
  },
  refusals: {
    'another value than what stands there': async (ground) => ({
      target: await tainted(ground, [{ key: 'dedicated', value: 'gpu', effect: 'NoSchedule' }]),
      parameters: { key: 'dedicated', value: 'db', effect: 'NoSchedule' },
      code: 'precondition_failed',
      detail: /has the taint dedicated=gpu:NoSchedule already/,
    }),
    'a taint of the node controllers': async (ground) => ({
      target: await ground.node(),
      parameters: { key: 'node.kubernetes.io/unschedulable', effect: 'NoSchedule' },
      code: 'precondition_failed',
      detail: /is kept by the node controllers/,
    }),
    'a node of the control plane': async (ground) => ({
      target: await ground.node({ labels: { 'node-role.kubernetes.io/control-plane': '' } }),
      parameters: { key: 'maintenance', effect: 'NoSchedule' },
      code: 'policy_denied',
      detail: /belongs to the control plane/,
    }),
    'a value with a colon, and an effect that is none': async (ground) => ({
      target: await ground.node(),
      parameters: { key: 'a:b', value: '2026-01-01T00:00', effect: 'Evict' },
      code: 'validation_failed',
      detail: /parameters\/key.*parameters\/effect.*parameters\/value/,
    }),
  },
  unusedPermissions: {
    'watch nodes.': "the write's own answer proves the effect; a run that is settled after a crash has to look",
  },
};

function tainted(ground: Ground, taints: object[]) {
  return ground.node({ spec: { taints } });
}

function taintsAfter(
  ground: Ground,
  target: Awaited<ReturnType<typeof tainted>>,
  taints: object[],
): Pick<Effect, 'target' | 'see' | 'seeUndone'> & { target: typeof target } {
  const before = ground.read(target);
  return {
    target,
    see: async () => {
      const { spec } = await ground.read(target);
      expect(spec).toEqual({ ...((await before)['spec'] as object), taints });
    },
    seeUndone: async () => {
      const { spec } = await ground.read(target);
      expect(spec).toEqual((await before)['spec']);
    },
  };
}
