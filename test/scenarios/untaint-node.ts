import { expect } from 'vitest';
import type { Scenarios } from './scenario.ts';

const taints = [
  { key: 'dedicated', value: 'gpu', effect: 'NoSchedule' },
  { key: 'dedicated', value: 'gpu', effect: 'PreferNoSchedule' },
  { key: 'other', effect: 'NoSchedule' },
];

export const scenarios: Scenarios = {
  effects: {
    'all taints of the key, and no other': async (ground) => {
      const target = await ground.node({ spec: { taints } });
      return {
        target,
        parameters: { key: 'dedicated' },
        see: async () => {
          const { spec } = await ground.read(target);
          expect(spec).toMatchObject({ taints: [{ key: 'other', effect: 'NoSchedule' }] });
        },
        seeUndone: async () => {
          const { spec } = await ground.read(target);
          expect(spec).toMatchObject({ taints });
        },
      };
    },
    'the taint of one effect, on a node that is not Ready when told so': async (ground) => {
      const target = await ground.node({ spec: { taints }, annotations: { 'test/not-ready': 'true' } });
      return {
        target,
        parameters: { key: 'dedicated', effect: 'PreferNoSchedule', verify_health: false },
        see: async () => {
          const { spec } = await ground.read(target);
          expect(spec).toMatchObject({
            taints: expect.arrayContaining([
              { key: 'dedicated', value: 'gpu', effect: 'NoSchedule' },
              { key: 'other', effect: 'NoSchedule' },
            ]),
          });
          expect(JSON.stringify(spec)).not.toContain('PreferNoSchedule');
        },
        seeUndone: async () => {
          const { spec } = await ground.read(target);
          expect(spec).toMatchObject({ taints: expect.arrayContaining(taints) });
        },
      };
    },
  },
  refusals: {
    'a node that is not Ready': async (ground) => ({
      target: await ground.node({ spec: { taints }, annotations: { 'test/not-ready': 'true' } }),
      parameters: { key: 'dedicated' },
      code: 'precondition_failed',
      detail: /is not Ready/,
    }),
    'a taint of the node controllers': async (ground) => ({
      target: await ground.node(),
      parameters: { key: 'node.kubernetes.io/not-ready' },
      code: 'precondition_failed',
      detail: /is kept by the node controllers/,
    }),
  },
  unusedPermissions: {
    'list nodes.': "the write's own answer proves the effect; a run that is settled after a crash has to look",
    'watch nodes.': 'likewise',
  },
};
