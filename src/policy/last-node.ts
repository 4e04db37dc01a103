import { referenceTo } from '../kubernetes/object.ts';
import { takesOrdinaryPods, uncordonedNodes } from '../kubernetes/schedulable-nodes.ts';
import { valueAt } from '../kubernetes/value-at.ts';
import { allNodes, areRead } from './all-nodes.ts';
import { nodesTakenAway } from './nodes-taken-away.ts';
import { breaksQuorum } from './quorum.ts';
import type { Rule, RuleContext, Verdict } from './rule.ts';

/**
 * A cluster without a schedulable node can't start a pod, not even the one that would mend it; one whose control plane has no
 * majority can do nothing at all. This holds also where the nodes of the control plane may be acted on (`control_plane`).
 */
export const lastNode: Rule = {
  name: 'last_node',
  denies:
    'Taking away the last node that pods can be scheduled to, or a node of the control plane or of etcd without which fewer than a majority of them would be ready and open.',
  codes: ['policy_denied'],
  permissions: [{ apiGroups: [''], resources: ['nodes'], verbs: ['get', 'list'] }],

  readAhead: (about) =>
    about.action.takesNodesAway && !areRead(about) ? [uncordonedNodes(about.cluster, { limit: 2 })] : [],

  async judge(context) {
    const verdicts = await Promise.all([isLast(context), breaksQuorum(context)]);
    return verdicts.filter((verdict) => verdict !== undefined);
  },
};

async function isLast(context: RuleContext): Promise<Verdict | undefined> {
  const { cluster, plan, relyOn, isHeld } = context;
  const taken = nodesTakenAway(plan);
  if (taken.length === 0) return undefined;
  const names = taken.map(({ name }) => name);
  // One more than is taken away is mostly enough to know that one stays; all are read only where those are tainted.
  for (const limit of areRead(context) ? [undefined] : [taken.length + 1, undefined]) {
    const nodes = areRead(context)
      ? (await cluster.list(allNodes)).items.filter((node) => valueAt(node, ['spec', 'unschedulable']) !== true)
      : await uncordonedNodes(cluster, limit === undefined ? {} : { limit });
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
}
