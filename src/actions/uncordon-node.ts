import * as z from 'zod';
import { plan } from '../changes/plan.ts';
import { conditionOf, holdsCondition } from '../kubernetes/conditions.ts';
import type { KubernetesObject } from '../kubernetes/object.ts';
import { textAt } from '../kubernetes/value-at.ts';
import { defineAction } from './define.ts';
import { setUnschedulable, whetherUnschedulable } from './planning/node-schedulability.ts';
import { preconditionFailed } from './refusal.ts';

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
    if (parameters.verify_health) refuseUnready(object);
    return plan({ changes: [setUnschedulable(object, false)], expect: [whetherUnschedulable(object, false)] });
  },
});

function refuseUnready(node: KubernetesObject): void {
  if (holdsCondition(node, 'Ready')) return;
  const message = textAt(conditionOf(node, 'Ready'), ['message']) ?? 'it has reported no Ready condition';
  throw preconditionFailed(
    `Node ${node.metadata.name} is not Ready: ${message}`,
    'Bring the node back first, or pass verify_health: false',
  );
}
