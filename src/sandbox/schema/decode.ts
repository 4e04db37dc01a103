import { isRecord } from '../resource.ts';
import { canonicalQuantity } from './quantity.ts';
import { type Definition, definitionOf, fieldOf, isOpen, nameOf, resolved } from './definition.ts';

/** What decoding found: the value without nulls and unknown fields, the unknown fields' paths, and the first fault if it does not fit. */
export interface Decoded {
  value: Record<string, unknown>;
  unknown: string[];
  fault?: string;
}

const QUANTITY = 'io.k8s.apimachinery.pkg.api.resource.Quantity';

/** Reads JSON as the named type the way the API server's decoder does: nulls go, quantities become canonical, a wrong type is a fault. */
export function decode(type: string, input: Record<string, unknown>): Decoded {
  const unknown: string[] = [];
  const faults: string[] = [];
  const value = read(definitionOf(type), input, '');
  return { value: isRecord(value) ? value : {}, unknown, ...(faults[0] ? { fault: faults[0] } : {}) };

  function read(declared: Definition, given: unknown, path: string): unknown {
    if (given === null || given === undefined) return undefined;
    if (nameOf(declared) === QUANTITY) return readQuantity(given, path);
    const definition = resolved(declared) ?? declared;
    if (definition.type === 'array') return readArray(definition, given, path);
    if (definition.properties || definition.additionalProperties) return readObject(definition, given, path);
    if (isOpen(definition)) return given;
    return readScalar(definition, given, path);
  }

  function readObject(definition: Definition, given: unknown, path: string): unknown {
    if (!isRecord(given)) return wrong(given, 'object', path);
    const result: Record<string, unknown> = {};
    for (const key of Object.keys(given)) {
      const below = path ? `${path}.${key}` : key;
      const declared = fieldOf(definition, key);
      if (!declared) {
        unknown.push(below);
        continue;
      }
      const value = read(declared, given[key], below);
      if (value !== undefined && !(path !== '' && isEmptyCollection(declared, value))) result[key] = value;
    }
    return result;
  }

  function readArray(definition: Definition, given: unknown, path: string): unknown {
    if (!Array.isArray(given)) return wrong(given, 'array', path);
    const items = definition.items ?? {};
    return given.map(
      (item, index) => read(items, item, `${path}[${index}]`) ?? (resolved(items)?.properties ? {} : item),
    );
  }

  function readScalar(definition: Definition, given: unknown, path: string): unknown {
    if (definition.format === 'int-or-string') {
      return typeof given === 'string' || Number.isInteger(given) ? given : wrong(given, 'int-or-string', path);
    }
    if (definition.type === 'integer')
      return isInteger(given, definition.format) ? given : wrong(given, definition.format ?? 'int', path);
    if (definition.type === 'string' && definition.format === 'date-time') return readTime(given, path);
    if (definition.format === 'byte' && typeof given === 'string') return readBytes(given);
    return typeof given === definition.type ? given : wrong(given, definition.type ?? 'value', path);
  }

  function readBytes(given: string): unknown {
    const text = given.replaceAll(/[\r\n]/g, '');
    if (/^([A-Za-z0-9+/]{4})*([A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/.test(text)) return given;
    const place = text.search(/[^A-Za-z0-9+/]/);
    faults.push(`illegal base64 data at input byte ${place < 0 ? text.length : place}`);
    return undefined;
  }

  function readTime(given: unknown, path: string): unknown {
    if (typeof given === 'string' && !Number.isNaN(Date.parse(given))) return given;
    return wrong(given, 'Time', path);
  }

  function readQuantity(given: unknown, path: string): unknown {
    const canonical =
      typeof given === 'string' || typeof given === 'number' ? canonicalQuantity(String(given)) : undefined;
    if (canonical !== undefined) return canonical;
    faults.push(
      `quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$' (${path})`,
    );
    return undefined;
  }

  function wrong(given: unknown, wanted: string, path: string): undefined {
    faults.push(`json: cannot unmarshal ${jsonTypeOf(given)} into field ${path} of type ${wanted}`);
    return undefined;
  }
}

/** Empty lists and maps are not written out; an empty struct is. */
function isEmptyCollection(declared: Definition, value: unknown): boolean {
  if (Array.isArray(value)) return value.length === 0;
  return isRecord(value) && resolved(declared)?.additionalProperties !== undefined && Object.keys(value).length === 0;
}

function isInteger(given: unknown, format: string | undefined): boolean {
  if (typeof given !== 'number' || !Number.isInteger(given)) return false;
  return format !== 'int32' || (given >= -(2 ** 31) && given < 2 ** 31);
}

function jsonTypeOf(given: unknown): string {
  if (Array.isArray(given)) return 'array';
  if (typeof given === 'boolean') return 'bool';
  if (typeof given === 'number') return Number.isInteger(given) ? 'number' : `number ${given}`;
  return typeof given;
}
