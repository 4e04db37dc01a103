import type { Deadline } from './deadline.ts';
import { isKubernetesError, KubernetesError } from './errors.ts';
import { kindOf } from './kinds.ts';
import type { ResourceKind } from './kinds.ts';
import { nameFault } from './names.ts';

/** Reads a path of the API server as JSON. */
type ReadJson = (path: string, deadline: Deadline) => Promise<unknown>;

/** Finds how the cluster serves a kind: from the table of built-in ones, else by asking the server. */
export type Discovery = (apiVersion: string, kind: string, deadline: Deadline) => Promise<ResourceKind>;

/**
 * Remembers what each apiVersion serves. A kind that is not among it is asked for again (its definition may be new), but
 * not within five seconds, so that a stream of wrong kinds is no stream of requests.
 */
export function createDiscovery(read: ReadJson, now: () => number = Date.now): Discovery {
  const known = new Map<string, { readAt: number; kinds: Map<string, ResourceKind> }>();

  return async function discover(apiVersion, kind, deadline) {
    const builtIn = kindOf(apiVersion, kind);
    if (builtIn) return builtIn;

    const remembered = known.get(apiVersion);
    const found = remembered?.kinds.get(kind);
    if (found) return found;
    if (remembered && now() - remembered.readAt < rereadAfterMs) throw unknownKind(apiVersion, remembered.kinds, kind);

    const kinds = await readKinds(apiVersion, deadline);
    known.delete(apiVersion);
    known.set(apiVersion, { readAt: now(), kinds });
    const [oldest] = known.keys();
    if (known.size > mostApiVersions && oldest !== undefined) known.delete(oldest);

    const resource = kinds.get(kind);
    if (!resource) throw unknownKind(apiVersion, kinds, kind);
    return resource;
  };

  async function readKinds(apiVersion: string, deadline: Deadline): Promise<Map<string, ResourceKind>> {
    const path = pathOf(apiVersion);
    if (!path) {
      throw new KubernetesError(
        'notFound',
        `"${apiVersion}" is no apiVersion: write group/version, such as apps/v1, or v1`,
      );
    }
    try {
      return kindsOf(apiVersion, await read(path, deadline));
    } catch (error) {
      // As a cluster without the definition answers; remembered like one that serves no such kind.
      if (isKubernetesError(error, 'notFound')) return new Map();
      throw error;
    }
  }
}

const rereadAfterMs = 5_000;
const mostApiVersions = 64;

function pathOf(apiVersion: string): string | undefined {
  const [first = '', second, ...rest] = apiVersion.split('/');
  if (rest.length > 0) return undefined;
  if (second === undefined) return versionPattern.test(first) ? `/api/${first}` : undefined;
  return nameFault(first) === undefined && versionPattern.test(second) ? `/apis/${first}/${second}` : undefined;
}

const versionPattern = /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/;

function kindsOf(apiVersion: string, list: unknown): Map<string, ResourceKind> {
  const kinds = new Map<string, ResourceKind>();
  for (const { name, kind, namespaced } of resourcesOf(list)) {
    // `deployments/scale` and the like are subresources, and their kind is another's.
    if (name.includes('/') || kinds.has(kind)) continue;
    kinds.set(kind, { apiVersion, kind, plural: name, namespaced });
  }
  return kinds;
}

function resourcesOf(list: unknown): { name: string; kind: string; namespaced: boolean }[] {
  if (typeof list !== 'object' || list === null || !('resources' in list) || !Array.isArray(list.resources)) return [];
  return list.resources.filter(isResource);
}

function isResource(value: unknown): value is { name: string; kind: string; namespaced: boolean } {
  return (
    typeof value === 'object' &&
    value !== null &&
    'name' in value &&
    typeof value.name === 'string' &&
    'kind' in value &&
    typeof value.kind === 'string' &&
    'namespaced' in value &&
    typeof value.namespaced === 'boolean'
  );
}

function unknownKind(apiVersion: string, kinds: Map<string, ResourceKind>, kind: string): KubernetesError {
  const message =
    kinds.size === 0
      ? `the cluster serves no ${apiVersion}, so there is no ${kind} in it; is its CustomResourceDefinition installed?`
      : `the cluster serves no kind ${kind} in ${apiVersion}; it has ${[...kinds.keys()].slice(0, 20).join(', ')}`;
  return new KubernetesError('notFound', message);
}
