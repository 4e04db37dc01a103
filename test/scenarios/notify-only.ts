import { expect } from 'vitest';
import type { Scenarios } from './scenario.ts';

export const scenarios: Scenarios = {
  effects: {
    'an Event on the target': async (ground) => {
      const target = await ground.workload('Deployment');
      return {
        target,
        parameters: { message: 'Look here', severity: 'warning' },
        see: async () => {
          const { items } = await ground.cluster.list({
            apiVersion: 'v1',
            kind: 'Event',
            namespace: ground.namespace,
            fieldSelector: `involvedObject.name=${target.name},reason=ExecutorNotification`,
          });
          expect(items).toMatchObject([{ message: 'Look here', type: 'Warning' }]);
        },
      };
    },
    'a line in the log, without a target': async () => ({
      parameters: { message: 'The nightly check went through' },
      see: async (answer) => expect(answer.result).toMatchObject({ delivered: ['log'] }),
    }),
  },
  refusals: {
    'a message that no Event can hold': async (ground) => ({
      target: await ground.workload('Deployment'),
      parameters: { message: 'x'.repeat(1025) },
      code: 'validation_failed',
      detail: /1024 bytes/,
    }),
  },
};
