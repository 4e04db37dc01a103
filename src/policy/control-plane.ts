import { describeReference } from '../kubernetes/describe-reference.ts';
import { referenceTo } from '../kubernetes/object.ts';
import { nodesTakenOutOfService } from './nodes-taken-away.ts';
import type { Rule } from './rule.ts';

const roles = ['node-role.kubernetes.io/control-plane', 'node-role.kubernetes.io/master'];

/** Nodes of the control plane stay open: what runs there keeps the cluster itself alive. */
export const controlPlane: Rule = {
  name: 'control_plane',
  denies: 'Taking a node of the control plane out of service.',
  codes: ['policy_denied'],
  permissions: [{ apiGroups: [''], resources: ['nodes'], verbs: ['get'] }],

  async judge({ cluster, plan }) {
    const nodes = await Promise.all(nodesTakenOutOfService(plan).map((node) => cluster.get(node)));
    for (const node of nodes) {
      const role = roles.find((label) => Object.hasOwn(node.metadata.labels ?? {}, label));
      if (!role) continue;
      return {
        verdict: 'deny',
        code: 'policy_denied',
        reason: `${describeReference(referenceTo(node))} belongs to the control plane (label ${role})`,
        hint: 'safety.rules.control_plane in the settings can switch this rule off',
      };
    }
    return undefined;
  },
};
