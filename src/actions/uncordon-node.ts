import * as z from 'zod';
import { plan } from '../changes/plan.ts';
import { defineAction } from './define.ts';
import { setUnschedulable, whetherUnschedulable } from './planning/node-schedulability.ts';
import { refuseUnreadyNode } from './planning/refuse-unready-node.ts';

export const uncordonNode = defineAction({
  name: 'uncordon_node',
  summary: 'Let new pods onto a node again.',
  targets: ['Node'],
  risk: 'low',
  again: 'no_op',
  parameters: z.strictObject({
    verify_health: z.boolean().default(true).describe('Refuse a node that is not Ready'),
  }),
  refuses: ['a node that is not Ready, unless `verify_health` is false'],
  permissions: [{ apiGroups: [''], resources: ['nodes'], verbs: ['list', 'watch', 'patch'] }],
  examples: [{ target: 'node/node-3', parameters: {} }],

  async plan({ object, parameters }) {
    if (parameters.verify_health) refuseUnreadyNode(object, 'Bring the node back first, or pass verify_health: false');
    return plan({ changes: [setUnschedulable(object, false)], expect: [whetherUnschedulable(object, false)] });
  },
});
