import { referenceTo } from '../kubernetes/object.ts';
import { takesOrdinaryPods, uncordonedNodes } from '../kubernetes/schedulable-nodes.ts';
import { nodesTakenAway } from './nodes-taken-away.ts';
import type { Rule } from './rule.ts';

/** A cluster without a schedulable node can't start a pod, not even the one that would mend it. */
export const lastNode: Rule = {
  name: 'last_node',
  permissions: [{ apiGroups: [''], resources: ['nodes'], verbs: ['list'] }],

  async judge({ cluster, plan, relyOn, isHeld }) {
    const taken = nodesTakenAway(plan);
    if (taken.length === 0) return undefined;
    const names = taken.map(({ name }) => name);
    // One more than is taken away is mostly enough to know that one stays; all are read only where those are tainted.
    for (const limit of [taken.length + 1, undefined]) {
      const nodes = await uncordonedNodes(cluster, limit === undefined ? {} : { limit });
      const other = nodes.find(
        (node) => !names.includes(node.metadata.name) && takesOrdinaryPods(node) && !isHeld(referenceTo(node)),
      );
      if (other) {
        relyOn(referenceTo(other));
        return undefined;
      }
      if (limit !== undefined && nodes.length < limit) break;
    }
    return {
      verdict: 'deny',
      code: 'policy_denied',
      reason: `Node ${names.join(', ')} is the last schedulable one: no pod could be started any more`,
      hint: 'Uncordon or add another node first, or take the taints from one',
    };
  },
};
