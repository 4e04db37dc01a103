import { inNamespaces, matchesName } from './in-namespaces.ts';
import type { Rule } from './rule.ts';

/**
 * What may be asked for in a namespace at all. Of several entries for one namespace each has to let an action pass. Whoever
 * may not do it may not take it back either; `rollback` is all that takes back.
 */
export const allowedActions: Rule = {
  name: 'allowed_actions',
  denies: 'Actions that `by_namespace` denies there, or does not allow.',
  codes: ['policy_denied'],
  permissions: [],

  async judge({ action, execution, namespace, settings }) {
    const entries = settings.allowed_actions.by_namespace;
    const where = namespace ?? 'no namespace';
    for (const { namespaces, allow, deny } of entries) {
      if (!inNamespaces(namespace, namespaces)) continue;
      const denied = [execution.action, action.name].find((name) => deny.some((one) => matchesName(name, one)));
      const missing = denied ?? (allow.some((one) => matchesName(action.name, one)) ? undefined : action.name);
      if (missing === undefined) continue;
      return {
        verdict: 'deny',
        code: 'policy_denied',
        reason: denied
          ? `${denied} is denied in ${where}`
          : `${missing} is not among what is allowed in ${where}: ${allow.join(', ')}`,
        hint: 'safety.rules.allowed_actions in the settings says what is allowed where',
      };
    }
    return undefined;
  },
};
