import { nodesTakenOutOfService } from './nodes-taken-away.ts';
import { type Rule, takesEffect } from './rule.ts';

/**
 * So many different targets are changed within a window, in one namespace and in the cluster, and that share of the nodes
 * taken out of service (one may always be): the next is refused until an earlier one has left the window. To change a target
 * once more widens nothing. It is counted by the claim itself, so that of two at once only as many pass as there is room.
 */
export const blastRadius: Rule = {
  name: 'blast_radius',
  permissions: [{ apiGroups: [''], resources: ['nodes'], verbs: ['list'] }],
  onlyRuns: true,

  async judge({ cluster, plan, target, settings: { blast_radius: setting }, boundBy }) {
    if (!target || !takesEffect(plan)) return undefined;
    const { window: windowMs, targets_per_namespace: perNamespace, targets_per_cluster: perCluster } = setting;
    const limits = { windowMs, perNamespace, perCluster };
    if (nodesTakenOutOfService(plan).length === 0) {
      boundBy(limits);
      return undefined;
    }
    const { items } = await cluster.list({ apiVersion: 'v1', kind: 'Node' }, { metadataOnly: true });
    boundBy({ ...limits, nodes: Math.max(1, Math.floor(items.length * setting.node_share)) });
    return undefined;
  },
};
