import * as z from 'zod';
import { plan } from '../changes/plan.ts';
import { uncordonedNodes } from '../kubernetes/schedulable-nodes.ts';
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

  // What the rule of the last schedulable node will ask: begun beside the reading of the node.
  readAhead: (cluster) => [uncordonedNodes(cluster, { limit: 2 })],

  plan: async ({ object }) =>
    plan({ changes: [setUnschedulable(object, true)], expect: [whetherUnschedulable(object, true)] }),
});
