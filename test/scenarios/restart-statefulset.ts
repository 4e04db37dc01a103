import { expect } from 'vitest';
import type { Scenarios } from './scenario.ts';

export const scenarios: Scenarios = {
  effects: {
    'new pods in the place of the old': async (ground) => {
      const target = await ground.workload('StatefulSet');
      const before = (await ground.podsOf(target)).map(({ metadata }) => metadata.uid);
      return {
        target,
        parameters: {},
        see: async () => {
          const after = (await ground.podsOf(target)).map(({ metadata }) => metadata.uid);
          expect(after).toHaveLength(before.length);
          expect(after.filter((uid) => before.includes(uid))).toEqual([]);
        },
      };
    },
  },
  refusals: {
    'one whose strategy is OnDelete': async (ground) => ({
      target: await ground.workload('StatefulSet', { spec: { updateStrategy: { type: 'OnDelete' } } }),
      parameters: {},
      code: 'precondition_failed',
      detail: /OnDelete/,
    }),
  },
};
