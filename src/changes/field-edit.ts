import { isDeepStrictEqual } from 'node:util';
import type { Json, JsonObject } from '../kubernetes/object.ts';

/**
 * One field of an object, before and after. An absent `from` or `to` means that the field is not there.
 * A list is one value: an edit of an element carries the whole list, which the resourceVersion keeps honest.
 */
export interface FieldEdit {
  path: string[];
  from?: Json;
  to?: Json;
}

/** The JSON merge patch (RFC 7396) that takes an object from every `from` to every `to`. */
export function mergePatchOf(edits: readonly FieldEdit[]): JsonObject {
  const patch: JsonObject = {};
  for (const edit of edits) {
    const last = edit.path.at(-1);
    if (last === undefined) throw new Error('A field edit needs a path');
    let parent = patch;
    for (const key of edit.path.slice(0, -1)) {
      const next = parent[key];
      const child: JsonObject = isJsonObject(next) ? next : {};
      parent[key] = child;
      parent = child;
    }
    parent[last] = mergeValue(edit.from, edit.to);
  }
  return patch;
}

/** The edit that takes the field back. */
export function reversed(edit: FieldEdit): FieldEdit {
  return {
    path: edit.path,
    ...(edit.to === undefined ? {} : { from: edit.to }),
    ...(edit.from === undefined ? {} : { to: edit.from }),
  };
}

/** Equality as the API server sees it: an absent field, an empty list and an empty map are the same. */
export function sameValue(a: Json | undefined, b: Json | undefined): boolean {
  return isDeepStrictEqual(withoutEmpty(a), withoutEmpty(b));
}

/** `spec.template.metadata.annotations["kubectl.kubernetes.io/restartedAt"]` of a path. */
export function pathText(path: readonly string[]): string {
  return path
    .map((key, index) => (/^[A-Za-z_][\w-]*$/.test(key) ? (index === 0 ? key : `.${key}`) : `["${key}"]`))
    .join('');
}

function mergeValue(from: Json | undefined, to: Json | undefined): Json {
  if (to === undefined) return null;
  if (!isJsonObject(from) || !isJsonObject(to)) return to;
  const patch: JsonObject = {};
  for (const key of Object.keys(from)) {
    if (!Object.hasOwn(to, key)) patch[key] = null;
  }
  for (const [key, value] of Object.entries(to)) {
    if (!isDeepStrictEqual(from[key], value)) patch[key] = mergeValue(from[key], value);
  }
  return patch;
}

function withoutEmpty(value: Json | undefined): Json | undefined {
  if (value === null || value === undefined) return undefined;
  if (Array.isArray(value)) return value.length === 0 ? undefined : value.map((item) => withoutEmpty(item) ?? null);
  if (!isJsonObject(value)) return value;
  const kept = Object.entries(value).flatMap(([key, child]) => {
    const trimmed = withoutEmpty(child);
    return trimmed === undefined ? [] : [[key, trimmed] as const];
  });
  return kept.length === 0 ? undefined : Object.fromEntries(kept);
}

function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
