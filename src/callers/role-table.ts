import { findAction } from '../actions/registry.ts';
import type { AuthSettings } from '../config/auth-settings.ts';
import type { RightsOf, Verb } from './rights.ts';

type Role = AuthSettings['roles'][number]['role'];

const verbsOf: Record<Role, readonly Verb[]> = {
  viewer: ['get'],
  operator: ['get', 'execute', 'control'],
  approver: ['get', 'approve'],
  admin: ['get', 'execute', 'approve', 'control'],
};

/** What callers may by the roles of the configuration. A caller in several has what each gives. */
export function roleTable(roles: AuthSettings['roles']): RightsOf {
  const grants = roles.map(({ role, callers, groups, namespaces, actions }) => ({
    verbs: verbsOf[role],
    callers,
    groups,
    namespaces: namespaces.includes('*') ? ('*' as const) : namespaces,
    actions: actions.includes('*') ? ('*' as const) : actions.map((name) => findAction(name)?.name ?? name),
  }));
  return (caller) => {
    const own = grants.filter(
      ({ callers, groups }) => callers.includes(caller.name) || groups.some((group) => caller.groups.includes(group)),
    );
    return {
      name: caller.name,
      may: async (verb, { action, namespace }) =>
        own.some(
          ({ verbs, namespaces, actions }) =>
            verbs.includes(verb) &&
            (namespaces === '*' || (namespace !== undefined && namespaces.includes(namespace))) &&
            (actions === '*' || (action !== undefined && actions.includes(action))),
        ),
      sight: async () =>
        own.filter(({ verbs }) => verbs.includes('get')).map(({ namespaces, actions }) => ({ namespaces, actions })),
    };
  };
}
