import { expect } from 'vitest';
import type { Scenarios } from './scenario.ts';

export const scenarios: Scenarios = {
  effects: {
    'new pods in the place of the old': async (ground) => {
      const target = await ground.workload('Deployment');
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
    'a paused Deployment': async (ground) => ({
      target: await ground.workload('Deployment', { ready: false, spec: { paused: true } }),
      parameters: {},
      code: 'precondition_failed',
      detail: /is paused/,
    }),
  },
};
