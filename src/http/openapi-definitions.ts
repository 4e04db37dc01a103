import * as z from 'zod';
import type { Json, JsonObject } from '../json.ts';

/**
 * The JSON Schemas (draft 2020-12) of zod schemas that have an id, by their ids, with references as they are within an
 * OpenAPI document. `open`: more members than those described may be there, as callers must expect of answers.
 */
export function definitionsOf(schemas: readonly z.ZodType[], { open }: { open: boolean }): JsonObject {
  const { $defs } = z.toJSONSchema(z.tuple([z.unknown()]).rest(z.union(schemas)), {
    io: 'input',
    target: 'draft-2020-12',
    override: ({ jsonSchema }) => tidy(jsonSchema, open),
  });
  const named = Object.entries($defs ?? {}).filter(([name]) => !recursive.test(name));
  return Object.fromEntries(named.map(([name, schema]) => [name, rewritten(schema)]));
}

/** One schema without an id, as JSON. */
export function definitionOf(schema: z.ZodType): JsonObject {
  const {
    $schema: _dialect,
    $defs: _recursive,
    ...definition
  } = z.toJSONSchema(schema, {
    io: 'input',
    target: 'draft-2020-12',
    override: ({ jsonSchema }) => tidy(jsonSchema, false),
  });
  return Object.fromEntries(Object.entries(definition).map(([key, value]) => [key, rewritten(value)]));
}

/** Only `z.json()` is recursive, and gets such a name: any JSON is the schema `{}`. */
const recursive = /^__schema\d+$/;

/** Takes away what zod is exact about and no reader needs. */
function tidy(schema: z.core.JSONSchema.BaseSchema, open: boolean): void {
  if (schema.format === 'date-time') delete schema.pattern;
  if (schema.maximum === Number.MAX_SAFE_INTEGER) delete schema.maximum;
  if (schema.minimum === Number.MIN_SAFE_INTEGER) delete schema.minimum;
  if (open && schema.additionalProperties === false) delete schema.additionalProperties;
}

function rewritten(value: unknown): Json {
  if (Array.isArray(value)) return value.map(rewritten);
  if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') return value;
  if (typeof value !== 'object' || value === null) return null;
  if (!('$ref' in value) || typeof value.$ref !== 'string') {
    return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, rewritten(member)]));
  }
  const name = value.$ref.replace('#/$defs/', '');
  return recursive.test(name) ? {} : { ...value, $ref: `#/components/schemas/${name}` };
}
