import { inNamespaces } from './in-namespaces.ts';
import { type Rule, takesEffect } from './rule.ts';

/**
 * So many executions may change something in a namespace within a while, for each of its entries. The claim counts those
 * that are under way or have changed something, so that of two at once only as many pass as there is room.
 */
export const namespaceQuota: Rule = {
  name: 'namespace_quota',
  denies: 'More executions in a namespace than its `by_namespace` entries let change something.',
  codes: ['quota_exceeded'],
  permissions: [],
  onlyRuns: true,

  async judge({ plan, target, namespace, settings, quotaOf }) {
    if (!target || !takesEffect(plan)) return undefined;
    const entries = settings.namespace_quota.by_namespace.filter((entry) => inNamespaces(namespace, entry.namespaces));
    quotaOf(entries.map(({ executions: most, window: windowMs }) => ({ most, windowMs })));
    return undefined;
  },
};
