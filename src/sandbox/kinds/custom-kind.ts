import { type Resource, as, at, isRecord, records } from '../resource.ts';
import { type CustomSchema, checkSchema, pruned } from '../schema/custom-schema.ts';
import { decode } from '../schema/decode.ts';
import { age, field, nameColumn } from './columns.ts';
import type { Column, Kind } from './kind.ts';

const METADATA = 'io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta';

/** The kinds that a CustomResourceDefinition has served: one for each of its versions. None before it is established. */
export function kindsOfDefinition(definition: Resource): Kind[] {
  const established = records(at(definition, 'status', 'conditions')).some(
    ({ type, status }) => type === 'Established' && status === 'True',
  );
  if (!established) return [];
  return records(at(definition, 'spec', 'versions'))
    .filter((version) => version.served === true)
    .map((version) => kindOfVersion(definition, version));
}

function kindOfVersion(definition: Resource, version: Record<string, unknown>): Kind {
  const spec = isRecord(definition.spec) ? definition.spec : {};
  const schema = as<CustomSchema>(at(version, 'schema', 'openAPIV3Schema') ?? {});
  const name = String(at(spec, 'names', 'kind'));
  const singular = at(spec, 'names', 'singular');
  return {
    group: String(spec.group),
    version: String(version.name),
    kind: name,
    plural: String(at(spec, 'names', 'plural')),
    singular: typeof singular === 'string' ? singular : name.toLowerCase(),
    namespaced: spec.scope === 'Namespaced',
    shortNames: texts(at(spec, 'names', 'shortNames')),
    categories: texts(at(spec, 'names', 'categories')),
    type: METADATA,
    custom: { schema, read: (body) => readObject(schema, body) },
    hasStatus: at(version, 'subresources', 'status') !== undefined,
    hasGeneration: true,
    requiresVersion: true,
    validate(draft, faults) {
      const { apiVersion: _apiVersion, kind: _kind, metadata: _metadata, ...rest } = draft;
      checkSchema(schema, rest, '', faults);
    },
    columns: columnsOf(version),
  };
}

/** What the schema keeps, with metadata as everywhere; wrong types are found by validation. */
function readObject(schema: CustomSchema, body: Record<string, unknown>): ReturnType<typeof decode> {
  const { apiVersion: _apiVersion, kind: _kind, metadata, ...rest } = body;
  const unknown: string[] = [];
  const value = pruned(schema, rest, '', unknown);
  const read = decode(METADATA, isRecord(metadata) ? metadata : {});
  return {
    value: { ...(isRecord(value) ? value : {}), metadata: read.value },
    unknown: [...unknown, ...read.unknown.map((path) => `metadata.${path}`)],
    ...(read.fault ? { fault: read.fault } : {}),
  };
}

/** Its own columns where they are plain paths, else the age. */
function columnsOf(version: Record<string, unknown>): Column[] {
  const own = records(version.additionalPrinterColumns).flatMap(({ name, jsonPath, priority }) => {
    const path = /^\.([\w.]+)$/.exec(String(jsonPath))?.[1];
    if (path === undefined) return [];
    return path === 'metadata.creationTimestamp'
      ? [age]
      : [field(String(name), path, '', { priority: Number(priority ?? 0) > 0 ? 1 : 0 })];
  });
  return [nameColumn, ...(own.length > 0 ? own : [age])];
}

function texts(list: unknown): string[] {
  return Array.isArray(list) ? list.map(String) : [];
}
