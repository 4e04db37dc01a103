import type { Json } from './object.ts';

/** The value at `path` of an object, `undefined` where there is none. */
export function valueAt(object: unknown, path: readonly string[]): Json | undefined {
  let value: unknown = object;
  for (const key of path) {
    if (typeof value !== 'object' || value === null) return undefined;
    value = Object.hasOwn(value, key) ? Reflect.get(value, key) : undefined;
  }
  return asJson(value);
}

/** The number at `path`, or `absent` where there is none. */
export function numberAt(object: unknown, path: readonly string[], absent = 0): number {
  const value = valueAt(object, path);
  return typeof value === 'number' ? value : absent;
}

/** The text at `path`, `undefined` where there is none. */
export function textAt(object: unknown, path: readonly string[]): string | undefined {
  const value = valueAt(object, path);
  return typeof value === 'string' ? value : undefined;
}

/** The list at `path`, empty where there is none. */
export function listAt(object: unknown, path: readonly string[]): Json[] {
  const value = valueAt(object, path);
  return Array.isArray(value) ? value : [];
}

/** What the API server sends is parsed JSON, so that every part of it is JSON as well. */
function asJson(value: unknown): Json | undefined {
  return value as Json | undefined;
}
