import { expect } from 'vitest';
import type { Scenarios } from './scenario.ts';

export const scenarios: Scenarios = {
  effects: {
    'no new pods on the node': async (ground) => {
      const target = await ground.node();
      return {
        target,
        parameters: {},
        see: async () => {
          const { spec } = await ground.read(target);
          expect(spec).toMatchObject({ unschedulable: true });
        },
      };
    },
  },
  refusals: {
    'a node of the control plane': async (ground) => ({
      target: await ground.node({ labels: { 'node-role.kubernetes.io/control-plane': '' } }),
      parameters: {},
      code: 'policy_denied',
      detail: /belongs to the control plane/,
    }),
  },
  unusedPermissions: {
    'watch nodes.': "the write's own answer proves the effect; a run that is settled after a crash has to look",
  },
};
