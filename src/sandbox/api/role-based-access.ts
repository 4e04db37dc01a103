import { clusterRoleBindings, clusterRoles, roleBindings, roles } from '../kinds/rbac.ts';
import { storageOf } from '../kinds/kind.ts';
import { at, records, type Resource } from '../resource.ts';
import type { Store } from '../store/store.ts';

/** Who is asked about. */
export interface Subject {
  user: string;
  groups: readonly string[];
}

/** What they would do: something with a resource, or the verb on a path. */
export type Attempt =
  | { verb: string; group: string; resource: string; namespace: string | undefined; name: string | undefined }
  | { verb: string; path: string };

/** Why the stored roles and bindings allow it, in the API server's words; undefined where they do not. */
export function whyAllowed(store: Store, subject: Subject, attempt: Attempt): string | undefined {
  if (subject.groups.includes('system:masters')) return '';
  const namespace = 'path' in attempt ? undefined : attempt.namespace;
  const bindings = [
    ...store.list(storageOf(clusterRoleBindings)),
    ...(namespace === undefined ? [] : store.list(storageOf(roleBindings), namespace)),
  ];
  for (const binding of bindings) {
    const bound = records(binding.subjects).find((each) => isSubject(each, subject));
    const role = bound && roleOf(store, binding);
    if (bound && role && records(role.rules).some((rule) => allows(rule, attempt))) return reason(binding, bound);
  }
  return undefined;
}

function isSubject(bound: Record<string, unknown>, { user, groups }: Subject): boolean {
  const name = String(bound.name);
  if (bound.kind === 'User') return user === name;
  if (bound.kind === 'Group') return groups.includes(name);
  return bound.kind === 'ServiceAccount' && user === `system:serviceaccount:${String(bound.namespace)}:${name}`;
}

function roleOf(store: Store, binding: Resource): Resource | undefined {
  const name = String(at(binding, 'roleRef', 'name'));
  if (at(binding, 'roleRef', 'kind') === 'ClusterRole') return store.get(storageOf(clusterRoles), undefined, name);
  return store.get(storageOf(roles), binding.metadata.namespace, name);
}

function allows(rule: Record<string, unknown>, attempt: Attempt): boolean {
  if (!hasOrAll(rule.verbs, attempt.verb)) return false;
  if ('path' in attempt) {
    return texts(rule.nonResourceURLs).some(
      (url) => url === attempt.path || (url.endsWith('*') && attempt.path.startsWith(url.slice(0, -1))),
    );
  }
  const named = texts(rule.resourceNames);
  const [, subresource] = attempt.resource.split('/');
  return (
    hasOrAll(rule.apiGroups, attempt.group) &&
    (hasOrAll(rule.resources, attempt.resource) ||
      (subresource !== undefined && texts(rule.resources).includes(`*/${subresource}`))) &&
    (named.length === 0 || (attempt.name !== undefined && named.includes(attempt.name)))
  );
}

function hasOrAll(list: unknown, wanted: string): boolean {
  const given = texts(list);
  return given.includes('*') || given.includes(wanted);
}

function texts(list: unknown): string[] {
  return Array.isArray(list) ? list.map(String) : [];
}

function reason({ kind, metadata, roleRef }: Resource, bound: Record<string, unknown>): string {
  const called = (name: string, namespace: unknown) => `"${namespace ? `${name}/${String(namespace)}` : name}"`;
  const to = `${String(bound.kind)} ${called(String(bound.name), bound.namespace)}`;
  return `RBAC: allowed by ${kind} ${called(metadata.name, metadata.namespace)} of ${String(at(roleRef, 'kind'))} "${String(at(roleRef, 'name'))}" to ${to}`;
}
