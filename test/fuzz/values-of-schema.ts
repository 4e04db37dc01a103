import fc from 'fast-check';
import { hostileText } from './hostile.ts';

/** The part of JSON Schema that the document uses. */
export interface Schema {
  $ref?: string;
  type?: string | string[];
  enum?: unknown[];
  const?: unknown;
  oneOf?: Schema[];
  anyOf?: Schema[];
  allOf?: Schema[];
  properties?: Record<string, Schema>;
  required?: string[];
  additionalProperties?: boolean | Schema;
  propertyNames?: Schema;
  items?: Schema;
  prefixItems?: Schema[];
  minItems?: number;
  maxItems?: number;
  minimum?: number;
  maximum?: number;
  minLength?: number;
  maxLength?: number;
  pattern?: string;
  format?: string;
}

export interface SchemaContext {
  /** What a `$ref` stands for. */
  resolve(reference: string): Schema;
  /** Values that mean something where a member has that name; they come more often than those of the schema. */
  words: Readonly<Record<string, readonly unknown[]>>;
}

const deepest = 8;

/** Values that a schema allows, as far as it can tell; those of named members are often ones that mean something here. */
export function valuesOfSchema(schema: Schema, context: SchemaContext, depth = 0): fc.Arbitrary<unknown> {
  const { $ref, enum: listed, allOf, ...rest } = schema;
  if (depth > deepest) return fc.constant(null);
  if ($ref !== undefined) return valuesOfSchema(context.resolve($ref), context, depth + 1);
  if ('const' in schema) return fc.constant(schema.const);
  if (listed) return fc.constantFrom(...listed);
  if (allOf) return together(rest, allOf, context, depth);
  const choices = schema.oneOf ?? schema.anyOf;
  if (choices) return fc.oneof(...choices.map((choice) => valuesOfSchema(choice, context, depth + 1)));
  const types = schema.type === undefined ? [] : [schema.type].flat();
  if (types.length === 0) return fc.jsonValue({ maxDepth: 2 });
  return fc.oneof(...types.map((type) => ofType(type, schema, context, depth)));
}

function together(own: Schema, others: Schema[], context: SchemaContext, depth: number): fc.Arbitrary<unknown> {
  return fc
    .tuple(...[own, ...others].map((each) => valuesOfSchema(each, context, depth + 1)))
    .map((parts) => Object.assign({}, ...parts.filter((part) => typeof part === 'object')));
}

function ofType(type: string, schema: Schema, context: SchemaContext, depth: number): fc.Arbitrary<unknown> {
  switch (type) {
    case 'null':
      return fc.constant(null);
    case 'boolean':
      return fc.boolean();
    case 'integer':
      return fc.integer({
        min: schema.minimum ?? Number.MIN_SAFE_INTEGER,
        max: schema.maximum ?? Number.MAX_SAFE_INTEGER,
      });
    case 'number':
      return fc.double({ min: schema.minimum ?? -1e9, max: schema.maximum ?? 1e9, noNaN: true });
    case 'array':
      return ofArray(schema, context, depth);
    case 'object':
      return ofObject(schema, context, depth);
    default:
      return ofText(schema);
  }
}

function ofText({ pattern, format, minLength = 0, maxLength = 60 }: Schema): fc.Arbitrary<string> {
  if (format === 'date-time')
    return fc
      .date({ min: new Date('2000-01-01'), max: new Date('2099-01-01'), noInvalidDate: true })
      .map((date) => date.toISOString());
  const matching = pattern === undefined ? undefined : textMatching(pattern, maxLength);
  if (matching) return matching;
  // No less valid, as far as the schema tells.
  const hostile = hostileText.map((text) => text.slice(0, maxLength)).filter((text) => text.length >= minLength);
  return fc.oneof(hostile, fc.string({ minLength, maxLength: Math.max(minLength, Math.min(maxLength, 60)) }));
}

/** Undefined for what the generator knows nothing of, such as properties of Unicode. */
function textMatching(pattern: string, maxLength: number): fc.Arbitrary<string> | undefined {
  try {
    return fc.stringMatching(new RegExp(pattern, 'u'), { maxLength: Math.min(maxLength, 60) });
  } catch {
    return undefined;
  }
}

function ofArray({ items, prefixItems, minItems = 0, maxItems = 3 }: Schema, context: SchemaContext, depth: number) {
  if (prefixItems) return fc.tuple(...prefixItems.map((item) => valuesOfSchema(item, context, depth + 1)));
  return fc.array(valuesOfSchema(items ?? {}, context, depth + 1), {
    minLength: minItems,
    maxLength: Math.max(minItems, Math.min(maxItems, 3)),
  });
}

function ofObject(schema: Schema, context: SchemaContext, depth: number): fc.Arbitrary<unknown> {
  const { properties = {}, required = [], additionalProperties, propertyNames } = schema;
  const known = fc.record(
    Object.fromEntries(
      Object.entries(properties).map(([name, member]) => [name, memberOf(name, member, context, depth)]),
    ),
    { requiredKeys: required.filter((name) => name in properties), noNullPrototype: true },
  );
  if (typeof additionalProperties !== 'object') return known;
  const names = propertyNames ? valuesOfSchema(propertyNames, context, depth + 1).map(String) : fc.string();
  const others = fc.dictionary(names, valuesOfSchema(additionalProperties, context, depth + 1), {
    maxKeys: 3,
    noNullPrototype: true,
  });
  return fc.tuple(others, known).map(([more, own]) => ({ ...more, ...own }));
}

function memberOf(name: string, schema: Schema, context: SchemaContext, depth: number): fc.Arbitrary<unknown> {
  const words = context.words[name];
  const values = valuesOfSchema(schema, context, depth + 1);
  if (!words) return values;
  return fc.oneof({ weight: 5, arbitrary: fc.constantFrom(...words) }, { weight: 1, arbitrary: values });
}
