import * as z from 'zod';
import { plan } from '../changes/plan.ts';
import { untainted } from '../changes/tainted.ts';
import { referenceTo } from '../kubernetes/object.ts';
import { describeTaint, taintFrom } from '../kubernetes/taints.ts';
import { listAt } from '../kubernetes/value-at.ts';
import { defineAction } from './define.ts';
import {
  refusesTaintOfControllers,
  refuseTaintOfControllers,
  setTaints,
  taintEffect,
  taintKey,
} from './planning/node-taints.ts';
import { refuseUnreadyNode } from './planning/refuse-unready-node.ts';

export const untaintNode = defineAction({
  name: 'untaint_node',
  summary: 'Take the taints of a key from a node, so that pods may run there again.',
  targets: ['Node'],
  risk: 'low',
  again: 'no_op',
  parameters: z.strictObject({
    key: taintKey,
    effect: taintEffect.optional().describe('Only the taint with this effect (default: with any)'),
    verify_health: z.boolean().default(true).describe('Refuse a node that is not Ready'),
  }),
  refuses: ['a node that is not Ready, unless `verify_health` is false', refusesTaintOfControllers],
  permissions: [{ apiGroups: [''], resources: ['nodes'], verbs: ['list', 'watch', 'patch'] }],
  examples: [{ target: 'node/node-3', parameters: { key: 'maintenance' } }],

  async plan({ object, parameters: { key, effect, verify_health } }) {
    refuseTaintOfControllers(object, key);
    if (verify_health) {
      refuseUnreadyNode(object, 'Bring the node back first, or pass verify_health: false');
    }
    const taints = listAt(object, ['spec', 'taints']);
    const leaving = taints.filter((json) => {
      const taint = taintFrom(json);
      return taint.key === key && (effect === undefined || taint.effect === effect);
    });
    const named = leaving.map((taint) => describeTaint(taintFrom(taint))).join(', ') || key;
    const effects = effect ? [effect] : taintEffect.options;
    return plan({
      changes: [
        setTaints(
          object,
          taints.filter((taint) => !leaving.includes(taint)),
          `Take the taint ${named} from node ${object.metadata.name}`,
        ),
      ],
      expect: [
        untainted(
          referenceTo(object),
          effects.map((each) => ({ key, effect: each })),
        ),
      ],
    });
  },
});
