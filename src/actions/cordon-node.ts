import * as z from 'zod';
import { plan } from '../changes/plan.ts';
import { defineAction } from './define.ts';
import { setUnschedulable, whetherUnschedulable } from './planning/node-schedulability.ts';

export const cordonNode = defineAction({
  name: 'cordon_node',
  summary: 'Keep new pods off a node.',
  targets: ['Node'],
  risk: 'medium',
  again: 'no_op',
  parameters: z.strictObject({}),
  refuses: ['the last schedulable node', 'a node of the control plane'],
  permissions: [{ apiGroups: [''], resources: ['nodes'], verbs: ['list', 'watch', 'patch'] }],
  examples: [{ target: 'node/node-3', parameters: {} }],

  takesNodesAway: true,

  plan: async ({ object }) =>
    plan({ changes: [setUnschedulable(object, true)], expect: [whetherUnschedulable(object, true)] }),
});
