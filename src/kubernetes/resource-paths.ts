import { KubernetesError } from './errors.ts';
import type { ResourceKind } from './kinds.ts';
import { namespaceFault, pathSegmentFault } from './names.ts';

/**
 * The path of one object (with a name) or of a collection (without), and of a subresource of it:
 * `/apis/apps/v1/namespaces/production/deployments/web/scale`. Throws `invalid` where the parts make no path: a
 * namespaced object without namespace, a cluster-scoped one with it, a name that would leave its segment.
 */
export function resourcePath(
  resource: ResourceKind,
  where: { namespace?: string | undefined; name?: string | undefined; subresource?: string | undefined },
): string {
  let path = resource.apiVersion.includes('/') ? `/apis/${resource.apiVersion}` : `/api/${resource.apiVersion}`;
  if (where.namespace) {
    if (!resource.namespaced) {
      throw invalid(`${resource.kind} belongs to the whole cluster; leave out the namespace "${where.namespace}"`);
    }
    refuse(namespaceFault(where.namespace), 'namespace');
    path += `/namespaces/${where.namespace}`;
  } else if (resource.namespaced && where.name !== undefined) {
    throw invalid(`${resource.kind} "${where.name}" needs a namespace`);
  }
  path += `/${resource.plural}`;
  if (where.name !== undefined) {
    refuse(pathSegmentFault(where.name), `name of the ${resource.kind}`);
    path += `/${encodeURIComponent(where.name)}`;
  }
  return where.subresource === undefined ? path : `${path}/${encodeURIComponent(where.subresource)}`;
}

/** `?a=1&b=x`, without the parameters that are undefined or false; empty when none is left. A list is a parameter that comes several times. */
export function queryString(parameters: Record<string, QueryValue | readonly string[]>): string {
  let text = '';
  for (const key in parameters) {
    const value = parameters[key];
    for (const one of Array.isArray(value) ? value : [value]) {
      // An empty text among several is one of them.
      if (one === undefined || one === false || (one === '' && one === value)) continue;
      text += `${text === '' ? '?' : '&'}${key}=${encodeURIComponent(one)}`;
    }
  }
  return text;
}

type QueryValue = string | number | boolean | undefined;

function refuse(fault: string | undefined, what: string): void {
  if (fault) throw invalid(`${what}: ${fault}`);
}

function invalid(message: string): KubernetesError {
  return new KubernetesError('invalid', message);
}
