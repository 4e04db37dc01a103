import { createHash } from 'node:crypto';
import type { Kind } from '../kinds/kind.ts';
import { isRecord, same } from '../resource.ts';
import { definitionsBelow } from '../schema/definition.ts';
import { groupVersions } from './discovery.ts';

/** GET /openapi/v3: where the document of each group version is. The hash lets clients keep it. */
export function openApiIndex(kinds: readonly Kind[]): unknown {
  const paths = groupVersions(kinds).map(({ group, version }): [string, unknown] => {
    const path = group ? `apis/${group}/${version}` : `api/${version}`;
    return [path, { serverRelativeURL: `/openapi/v3/${path}?hash=${hashOf(openApiText(kinds, path) ?? '')}` }];
  });
  return { paths: Object.fromEntries(paths) };
}

/** Each document is made once, and again when a definition has changed what is in it. */
const documents = new Map<string, { key: unknown[]; text: string }>();

/** GET /openapi/v3/<path>: the schemas of the group version's kinds and as much of their paths as kubectl looks at. */
export function openApiText(kinds: readonly Kind[], path: string): string | undefined {
  const served = kinds.filter(
    (kind) => (kind.group ? `apis/${kind.group}/${kind.version}` : `api/${kind.version}`) === path,
  );
  if (served.length === 0) return undefined;
  const key = served.map((kind) => kind.custom?.schema ?? kind.type);
  const known = documents.get(path);
  if (known && same(known.key, key)) return known.text;
  const schemas = { ...definitionsBelow(served.map((kind) => kind.type)), ...customSchemas(served) };
  const document = {
    openapi: '3.0.0',
    info: { title: 'Kubernetes', version: 'v1.36.0' },
    paths: Object.fromEntries(served.flatMap((kind) => pathsOf(path, kind))),
    components: { schemas },
  };
  const text = JSON.stringify(document);
  documents.set(path, { key, text });
  return text;
}

/** The schemas of custom kinds, named as the API server names them. */
function customSchemas(served: Kind[]): Record<string, unknown> {
  const named = served.flatMap(({ custom, group, version, kind }): [string, unknown][] => {
    if (!custom) return [];
    const name = `${group.split('.').reverse().join('.')}.${version}.${kind}`;
    const schema = isRecord(custom.schema) ? custom.schema : {};
    return [[name, { ...schema, 'x-kubernetes-group-version-kind': [{ group, version, kind }] }]];
  });
  return Object.fromEntries(named);
}

function pathsOf(path: string, kind: Kind): [string, unknown][] {
  const collection = `/${path}${kind.namespaced ? '/namespaces/{namespace}' : ''}/${kind.plural}`;
  const write = (verb: string): unknown => ({
    parameters: ['dryRun', 'fieldManager', 'fieldValidation'].map((name) => ({
      name,
      in: 'query',
      schema: { type: 'string' },
    })),
    responses: { 200: { description: 'OK' } },
    'x-kubernetes-action': verb,
    'x-kubernetes-group-version-kind': { group: kind.group, version: kind.version, kind: kind.kind },
  });
  return [
    [collection, { post: write('post') }],
    [`${collection}/{name}`, { put: write('put'), patch: write('patch') }],
  ];
}

function hashOf(text: string): string {
  return createHash('sha256').update(text).digest('hex').toUpperCase();
}
