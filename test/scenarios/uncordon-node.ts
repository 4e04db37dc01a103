import { expect } from 'vitest';
import type { Scenarios } from './scenario.ts';

export const scenarios: Scenarios = {
  effects: {
    'the node takes pods again': async (ground) => {
      const target = await ground.node({ spec: { unschedulable: true } });
      return {
        target,
        parameters: {},
        see: async () => {
          const { spec } = await ground.read(target);
          expect(spec ?? {}).not.toHaveProperty('unschedulable');
        },
      };
    },
    'a node that is not Ready, when told not to look': async (ground) => {
      const target = await ground.node({
        spec: { unschedulable: true },
        annotations: { 'test/not-ready': 'true' },
      });
      return {
        target,
        parameters: { verify_health: false },
        see: async () => {
          const { spec } = await ground.read(target);
          expect(spec ?? {}).not.toHaveProperty('unschedulable');
        },
      };
    },
  },
  refusals: {
    'a node that is not Ready': async (ground) => ({
      target: await ground.node({ spec: { unschedulable: true }, annotations: { 'test/not-ready': 'true' } }),
      parameters: {},
      code: 'precondition_failed',
      detail: /is not Ready/,
    }),
  },
  unusedPermissions: {
    'list nodes.': "the write's own answer proves the effect; a run that is settled after a crash has to look",
    'watch nodes.': 'likewise',
  },
};
