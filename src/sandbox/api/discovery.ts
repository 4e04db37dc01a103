import { ALL_VERBS, type Kind } from '../kinds/kind.ts';

/** One line of an APIResourceList. */
interface ApiResource {
  name: string;
  singularName: string;
  namespaced: boolean;
  group?: string;
  version?: string;
  kind: string;
  verbs: string[];
  shortNames?: string[];
  categories?: string[];
}

const RW = ['get', 'patch', 'update'];

/** What is served without being stored. */
const reviews: Record<string, ApiResource[]> = {
  'authentication.k8s.io': ['TokenReview'].map(askedOnly),
  'authorization.k8s.io': ['SelfSubjectAccessReview', 'SelfSubjectRulesReview', 'SubjectAccessReview'].map(askedOnly),
};

function askedOnly(kind: string): ApiResource {
  return {
    name: `${kind.toLowerCase()}s`,
    singularName: kind.toLowerCase(),
    namespaced: false,
    kind,
    verbs: ['create'],
  };
}

/** The groups and their versions, in the order in which kubectl looks a name up. */
export function groupVersions(kinds: readonly Kind[]): { group: string; version: string }[] {
  const seen = new Map(
    kinds.map((kind) => [`${kind.group}/${kind.version}`, { group: kind.group, version: kind.version }]),
  );
  for (const group of Object.keys(reviews)) seen.set(`${group}/v1`, { group, version: 'v1' });
  return [...seen.values()];
}

/** GET /apis */
export function groupList(kinds: readonly Kind[]): unknown {
  return {
    kind: 'APIGroupList',
    apiVersion: 'v1',
    groups: groupVersions(kinds)
      .filter(({ group }) => group !== '')
      .map(({ group }) => groupOf(kinds, group)),
  };
}

/** GET /apis/<group> */
export function groupOf(
  kinds: readonly Kind[],
  name: string,
): {
  name: string;
  versions: { groupVersion: string; version: string }[];
  preferredVersion?: unknown;
} {
  const versions = groupVersions(kinds)
    .filter(({ group }) => group === name)
    .map(({ group, version }) => ({ groupVersion: `${group}/${version}`, version }));
  return { name, versions, preferredVersion: versions[0] };
}

/** GET /api/v1 and /apis/<group>/<version>; undefined where there is nothing. */
export function resourceList(kinds: readonly Kind[], group: string, version: string): unknown {
  const resources = resourcesOf(kinds, group, version);
  if (resources.length === 0) return undefined;
  return {
    kind: 'APIResourceList',
    ...(group ? { apiVersion: 'v1' } : {}),
    groupVersion: group ? `${group}/${version}` : version,
    resources,
  };
}

/** GET /api and /apis, aggregated: everything in two answers. */
export function aggregated(kinds: readonly Kind[], core: boolean): unknown {
  const wanted = groupVersions(kinds).filter(({ group }) => (group === '') === core);
  return {
    kind: 'APIGroupDiscoveryList',
    apiVersion: 'apidiscovery.k8s.io/v2',
    metadata: {},
    items: wanted.map(({ group, version }) => ({
      metadata: group ? { name: group } : {},
      versions: [{ version, resources: aggregatedResources(kinds, group, version), freshness: 'Current' }],
    })),
  };
}

function aggregatedResources(kinds: readonly Kind[], group: string, version: string): unknown[] {
  const all = resourcesOf(kinds, group, version);
  return all
    .filter(({ name }) => !name.includes('/'))
    .map((resource) => {
      const below = all.filter(({ name }) => name.startsWith(`${resource.name}/`));
      return {
        resource: resource.name,
        responseKind: { group, version, kind: resource.kind },
        scope: resource.namespaced ? 'Namespaced' : 'Cluster',
        singularResource: resource.singularName,
        verbs: resource.verbs,
        ...(resource.shortNames ? { shortNames: resource.shortNames } : {}),
        ...(resource.categories ? { categories: resource.categories } : {}),
        ...(below.length > 0
          ? { subresources: below.map((entry) => aggregatedSubresource(entry, group, version)) }
          : {}),
      };
    });
}

function aggregatedSubresource(entry: ApiResource, group: string, version: string): unknown {
  const responseKind = { group: entry.group ?? group, version: entry.version ?? version, kind: entry.kind };
  return { subresource: entry.name.split('/')[1], responseKind, verbs: entry.verbs };
}

function resourcesOf(kinds: readonly Kind[], group: string, version: string): ApiResource[] {
  const asked = version === 'v1' ? reviews[group] : undefined;
  if (asked) return asked;
  return kinds.filter((kind) => kind.group === group && kind.version === version).flatMap(resourcesOfKind);
}

function resourcesOfKind(kind: Kind): ApiResource[] {
  const { plural, namespaced, kind: name } = kind;
  const own: ApiResource = {
    name: plural,
    singularName: kind.singular ?? name.toLowerCase(),
    namespaced,
    kind: name,
    verbs: kind.verbs ?? ALL_VERBS,
    ...(kind.shortNames?.length ? { shortNames: kind.shortNames } : {}),
    ...(kind.categories?.length ? { categories: kind.categories } : {}),
  };
  const below = (subresource: string, rest: Partial<ApiResource>): ApiResource => ({
    name: `${plural}/${subresource}`,
    singularName: '',
    namespaced,
    kind: name,
    verbs: RW,
    ...rest,
  });
  return [
    own,
    ...(plural === 'pods' && kind.group === ''
      ? [
          below('eviction', { group: 'policy', version: 'v1', kind: 'Eviction', verbs: ['create'] }),
          below('exec', { kind: 'PodExecOptions', verbs: ['create', 'get'] }),
          below('log', { verbs: ['get'] }),
        ]
      : []),
    ...(plural === 'serviceaccounts' && kind.group === ''
      ? [below('token', { group: 'authentication.k8s.io', version: 'v1', kind: 'TokenRequest', verbs: ['create'] })]
      : []),
    ...Object.keys(kind.parts ?? {}).map((part) => below(part, {})),
    ...(kind.scale ? [below('scale', { group: 'autoscaling', version: 'v1', kind: 'Scale' })] : []),
    ...(kind.hasStatus ? [below('status', {})] : []),
  ];
}
