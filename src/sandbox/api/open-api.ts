import { createHash } from 'node:crypto';
import { kinds } from '../kinds/all.ts';
import type { Kind } from '../kinds/kind.ts';
import { definitionsBelow } from '../schema/definition.ts';
import { groupVersions } from './discovery.ts';

/** GET /openapi/v3: where the document of each group version is. The hash lets clients keep it. */
export function openApiIndex(): unknown {
  const paths = groupVersions().map(({ group, version }): [string, unknown] => {
    const path = group ? `apis/${group}/${version}` : `api/${version}`;
    return [path, { serverRelativeURL: `/openapi/v3/${path}?hash=${hashOf(openApiText(path) ?? '')}` }];
  });
  return { paths: Object.fromEntries(paths) };
}

const documents = new Map<string, string>();

/** GET /openapi/v3/<path>: the schemas of the group version's kinds and as much of their paths as kubectl looks at. */
export function openApiText(path: string): string | undefined {
  const known = documents.get(path);
  if (known !== undefined) return known;
  const served = kinds.filter(
    (kind) => (kind.group ? `apis/${kind.group}/${kind.version}` : `api/${kind.version}`) === path,
  );
  if (served.length === 0) return undefined;
  const schemas = definitionsBelow(served.map((kind) => kind.type));
  const document = {
    openapi: '3.0.0',
    info: { title: 'Kubernetes', version: 'v1.36.0' },
    paths: Object.fromEntries(served.flatMap((kind) => pathsOf(path, kind))),
    components: { schemas },
  };
  const text = JSON.stringify(document);
  documents.set(path, text);
  return text;
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
