import { isInService } from '../kubernetes/schedulable-nodes.ts';
import { allNodes } from './all-nodes.ts';
import { nodesTakenOutOfService } from './nodes-taken-away.ts';
import { type Rule, takesEffect } from './rule.ts';

/**
 * So many different targets are changed within a window, in one namespace and in the cluster: the next is refused until an
 * earlier one has left the window. To change a target once more widens nothing. Of the nodes that share may be out of service
 * (one always), whoever has taken them out: cordoned, not ready, or changed within the window. It is counted by the claim
 * itself, so that of two at once only as many pass as there is room.
 */
export const blastRadius: Rule = {
  name: 'blast_radius',
  denies:
    'Changing more different targets than `targets_per_namespace` or `targets_per_cluster` within `window`, or taking more than `node_share` of the nodes out of service.',
  codes: ['blast_radius_exceeded'],
  permissions: [{ apiGroups: [''], resources: ['nodes'], verbs: ['list'] }],
  onlyRuns: true,

  readAhead: ({ cluster, action }) => (action.takesNodesAway ? [cluster.list(allNodes)] : []),

  async judge({ cluster, plan, target, settings: { blast_radius: setting }, boundBy }) {
    if (!target || !takesEffect(plan)) return undefined;
    const { window: windowMs, targets_per_namespace: perNamespace, targets_per_cluster: perCluster } = setting;
    const limits = { windowMs, perNamespace, perCluster };
    const taken = nodesTakenOutOfService(plan);
    if (taken.length === 0) {
      boundBy(limits);
      return undefined;
    }
    const { items } = await cluster.list(allNodes);
    const nodes = Math.max(1, Math.floor(items.length * setting.node_share));
    const others = items.filter((node) => !isInService(node)).map(({ metadata }) => metadata.name);
    boundBy({ ...limits, nodes, out: others.filter((name) => !taken.some((node) => node.name === name)) });
    return undefined;
  },
};
