import type { ObjectReference } from './object.ts';

/** How messages name an object: `Deployment production/web-server`, `Node node-3`. */
export function describeReference({
  kind,
  namespace,
  name,
}: Pick<ObjectReference, 'kind' | 'namespace' | 'name'>): string {
  return namespace ? `${kind} ${namespace}/${name}` : `${kind} ${name}`;
}
