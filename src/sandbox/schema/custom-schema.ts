import { as, copy, isRecord, same } from '../resource.ts';
import type { Faults } from '../validation/faults.ts';

/** A schema of a CustomResourceDefinition, as far as the sandbox reads it: x-kubernetes-validations (CEL) are not evaluated. */
export interface CustomSchema {
  type?: string;
  properties?: Record<string, CustomSchema>;
  additionalProperties?: CustomSchema | boolean;
  items?: CustomSchema;
  required?: string[];
  enum?: unknown[];
  minimum?: number;
  maximum?: number;
  minLength?: number;
  maxLength?: number;
  pattern?: string;
  nullable?: boolean;
  default?: unknown;
  'x-kubernetes-preserve-unknown-fields'?: boolean;
  'x-kubernetes-int-or-string'?: boolean;
}

/** The value with its defaults and without the fields that the schema doesn't know, whose paths go to `unknown`. */
export function pruned(schema: CustomSchema, value: unknown, path: string, unknown: string[]): unknown {
  if (Array.isArray(value))
    return schema.items
      ? value.map((item, index) => pruned(schema.items ?? {}, item, `${path}[${index}]`, unknown))
      : value;
  if (!isRecord(value)) return value;
  const result: Record<string, unknown> = {};
  for (const [key, held] of Object.entries(value)) {
    const field = path ? `${path}.${key}` : key;
    const declared = fieldOf(schema, key);
    if (declared === undefined) {
      if (schema['x-kubernetes-preserve-unknown-fields']) result[key] = held;
      else unknown.push(field);
    } else if (held !== null || declared.nullable === true || declared.default === undefined)
      result[key] = pruned(declared, held, field, unknown);
  }
  for (const [key, declared] of Object.entries(schema.properties ?? {}))
    if (declared.default !== undefined && !(key in result)) result[key] = copy(declared.default);
  return result;
}

/** What the schema forbids of the value, in the words of the API server. */
export function checkSchema(schema: CustomSchema, value: unknown, path: string, faults: Faults): void {
  if (value === null && schema.nullable) return;
  if (!isOfType(schema, value)) return wrongType(schema.type ?? '', value, path, faults);
  if (schema.enum && !schema.enum.some((item) => same(item, value)))
    faults.unsupported(path, value, schema.enum.map(String));
  if (typeof value === 'number') checkNumber(schema, value, path, faults);
  if (typeof value === 'string') checkText(schema, value, path, faults);
  if (Array.isArray(value))
    value.forEach((item, index) => checkSchema(schema.items ?? {}, item, `${path}[${index}]`, faults));
  if (!isRecord(value)) return;
  for (const name of schema.required ?? []) if (!(name in value)) faults.required(below(path, name));
  for (const [key, held] of Object.entries(value))
    checkSchema(fieldOf(schema, key) ?? {}, held, below(path, key), faults);
}

function fieldOf(schema: CustomSchema, key: string): CustomSchema | undefined {
  const { properties, additionalProperties: others } = schema;
  if (properties && Object.hasOwn(properties, key)) return properties[key];
  if (others === true) return { 'x-kubernetes-preserve-unknown-fields': true };
  return isRecord(others) ? as<CustomSchema>(others) : undefined;
}

function isOfType(schema: CustomSchema, value: unknown): boolean {
  if (schema['x-kubernetes-int-or-string']) return typeof value === 'string' || Number.isInteger(value);
  switch (schema.type) {
    case 'object':
      return isRecord(value);
    case 'array':
      return Array.isArray(value);
    case 'integer':
      return Number.isInteger(value);
    case 'string':
    case 'number':
    case 'boolean':
      return typeof value === schema.type;
    default:
      return true;
  }
}

function wrongType(type: string, value: unknown, path: string, faults: Faults): void {
  const given = value === null ? 'null' : Array.isArray(value) ? 'array' : isRecord(value) ? 'object' : jsonType(value);
  faults.causes.push({
    reason: 'FieldValueTypeInvalid',
    message: `Invalid value: "${given}": ${path} in body must be of type ${type}: "${given}"`,
    field: path,
  });
}

function jsonType(value: unknown): string {
  return Number.isInteger(value) ? 'integer' : typeof value;
}

function checkNumber(schema: CustomSchema, value: number, path: string, faults: Faults): void {
  if (schema.minimum !== undefined && value < schema.minimum)
    faults.invalid(path, value, `${path} in body should be greater than or equal to ${schema.minimum}`);
  if (schema.maximum !== undefined && value > schema.maximum)
    faults.invalid(path, value, `${path} in body should be less than or equal to ${schema.maximum}`);
}

function checkText(schema: CustomSchema, value: string, path: string, faults: Faults): void {
  const { minLength, maxLength, pattern } = schema;
  if (minLength !== undefined && value.length < minLength)
    faults.invalid(path, value, `${path} in body should be at least ${minLength} chars long`);
  if (maxLength !== undefined && value.length > maxLength) faults.tooLong(path, maxLength);
  if (pattern !== undefined && !new RegExp(pattern).test(value))
    faults.invalid(path, value, `${path} in body should match '${pattern}'`);
}

function below(path: string, key: string): string {
  return path ? `${path}.${key}` : key;
}
