import { expect } from 'vitest';
import type { WorkloadKind } from './ground.ts';
import type { Scenarios } from './scenario.ts';

/** What the restarts are tried on. */
export function restartOf(kind: WorkloadKind): Scenarios {
  return {
    effects: {
      'new pods in the place of the old': async (ground) => {
        const target = await ground.workload(kind);
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
    refusals: kind === 'Deployment' ? paused : onDelete(kind),
  };
}

const paused: Scenarios['refusals'] = {
  'a paused Deployment': async (ground) => ({
    target: await ground.workload('Deployment', { ready: false, spec: { paused: true } }),
    parameters: {},
    code: 'precondition_failed',
    detail: /is paused/,
  }),
};

function onDelete(kind: WorkloadKind): Scenarios['refusals'] {
  return {
    'one whose strategy is OnDelete': async (ground) => ({
      target: await ground.workload(kind, { spec: { updateStrategy: { type: 'OnDelete' } } }),
      parameters: {},
      code: 'precondition_failed',
      detail: /OnDelete/,
    }),
  };
}
