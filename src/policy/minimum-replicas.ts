import { changeKind } from '../changes/change-kinds.ts';
import { describeReference } from '../kubernetes/describe-reference.ts';
import { inNamespaces } from './in-namespaces.ts';
import { type Rule, writesTo } from './rule.ts';

/** Fields that set, or bound, how many replicas there are. */
const fields = ['spec.replicas', 'spec.minReplicas', 'spec.maxReplicas'];

/** A namespace may say how many replicas a workload keeps at least. Only what lowers the number is looked at. */
export const minimumReplicas: Rule = {
  name: 'minimum_replicas',
  denies: 'Going below as many replicas as `by_namespace` wants there.',
  codes: ['policy_denied'],
  permissions: [],

  async judge({ plan, namespace, settings }) {
    const entries = settings.minimum_replicas.by_namespace.filter((entry) => inNamespaces(namespace, entry.namespaces));
    if (entries.length === 0) return undefined;
    const least = Math.max(...entries.map(({ replicas }) => replicas));
    for (const change of writesTo(plan)) {
      if (change.kind !== 'patch') continue;
      const lowered = change.edits.find(
        ({ path, from, to }) =>
          fields.includes(path.join('.')) &&
          typeof to === 'number' &&
          to < least &&
          (typeof from !== 'number' || to < from),
      );
      if (!lowered) continue;
      return {
        verdict: 'deny',
        code: 'policy_denied',
        reason: `${describeReference(changeKind(change).target(change))} keeps ${least} replicas at least in ${namespace ?? 'the cluster'}; ${String(lowered.to)} are asked for`,
        hint: 'safety.rules.minimum_replicas in the settings says how many are kept where',
      };
    }
    return undefined;
  },
};
