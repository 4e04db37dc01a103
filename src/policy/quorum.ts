import { describeReference } from '../kubernetes/describe-reference.ts';
import { type KubernetesObject, referenceTo } from '../kubernetes/object.ts';
import { isInService } from '../kubernetes/schedulable-nodes.ts';
import { nodesTakenOutOfService } from './nodes-taken-away.ts';
import { readAll, type RuleContext, type Verdict } from './rule.ts';

/** Nodes of these agree among each other by majority, on what the cluster is to be. */
const roles = ['control-plane', 'master', 'etcd'].map((role) => `node-role.kubernetes.io/${role}`);

/**
 * Of the nodes of the control plane a majority stays in service, and so the last one too. Those that stay are relied on: where
 * another execution takes one of them at the same time, it is looked at again.
 */
export async function breaksQuorum({
  cluster,
  plan,
  relyOn,
  isHeld,
}: Pick<RuleContext, 'cluster' | 'plan' | 'relyOn' | 'isHeld'>): Promise<Verdict | undefined> {
  const taken = await readAll(cluster, nodesTakenOutOfService(plan));
  for (const role of roles) {
    const leaving = taken.filter((node) => Object.hasOwn(node.metadata.labels ?? {}, role));
    if (leaving.length === 0) continue;
    const { items: members } = await cluster.list({ apiVersion: 'v1', kind: 'Node', labelSelector: role });
    const names = new Set(leaving.map(({ metadata }) => metadata.name));
    const staying = members.filter(
      (node) => !names.has(node.metadata.name) && isInService(node) && !isHeld(referenceTo(node)),
    );
    const majority = Math.floor(members.length / 2) + 1;
    if (staying.length >= majority) {
      for (const node of staying) relyOn(referenceTo(node));
      continue;
    }
    return {
      verdict: 'deny',
      code: 'policy_denied',
      reason: `${leaving.map(named).join(', ')} can't be spared: of ${members.length} nodes with the label ${role} ${staying.length} would stay ready and open, and their majority is ${majority}`,
      hint: 'Bring another of them back into service first',
    };
  }
  return undefined;
}

function named(node: KubernetesObject): string {
  return describeReference(referenceTo(node));
}
