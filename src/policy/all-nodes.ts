import type { RuleContext } from './rule.ts';

/** Every node of the cluster. */
export const allNodes = { apiVersion: 'v1', kind: 'Node' };

/** Whether all of them are read anyway, because their share is counted: then nobody needs a list of some of them. */
export function areRead({ settings: { blast_radius }, dryRun }: Pick<RuleContext, 'settings' | 'dryRun'>): boolean {
  return !dryRun && blast_radius.verdict !== 'off' && blast_radius.namespaces.includes('*');
}
