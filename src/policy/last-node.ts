import { schedulableNodes } from '../kubernetes/schedulable-nodes.ts';
import { nodesTakenAway } from './nodes-taken-away.ts';
import type { Rule } from './rule.ts';

/** A cluster without a schedulable node can't start a pod, not even the one that would mend it. */
export const lastNode: Rule = {
  name: 'last_node',
  permissions: [{ apiGroups: [''], resources: ['nodes'], verbs: ['list'] }],

  async judge({ cluster, plan }) {
    const taken = nodesTakenAway(plan);
    if (taken.length === 0) return undefined;
    // One more than is taken away is enough to know that one stays.
    const schedulable = await schedulableNodes(cluster, taken.length + 1);
    const names = taken.map(({ name }) => name);
    if (schedulable.items.some(({ metadata }) => !names.includes(metadata.name))) return undefined;
    return {
      verdict: 'deny',
      code: 'policy_denied',
      reason: `Node ${names.join(', ')} is the last schedulable one: no pod could be started any more`,
      hint: 'Uncordon or add another node first',
    };
  },
};
