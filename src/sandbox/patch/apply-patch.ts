import { isRecord, same } from '../resource.ts';
import { type Definition, fieldOf, resolved } from '../schema/definition.ts';

type Fields = Record<string, unknown>;

/**
 * Server-side apply without conflicts: what the manager applies is merged by the types' list keys, and what it applied
 * the last time and leaves out now is removed. Others' fields stay. Leaves its arguments as they are.
 */
export function applyPatch(target: Fields, applied: Fields, before: Fields | undefined, type: Definition): Fields {
  return mergeObject(target, applied, before ?? {}, type);
}

function mergeObject(target: Fields, applied: Fields, before: Fields, type: Definition | undefined): Fields {
  const result: Fields = { ...target };
  for (const key of Object.keys(before)) if (!(key in applied)) dropField(result, key, before[key], fieldOf(type, key));
  for (const [key, value] of Object.entries(applied)) {
    result[key] = mergeField(result[key], value, before[key], fieldOf(type, key));
  }
  return result;
}

function mergeField(held: unknown, applied: unknown, before: unknown, field: Definition | undefined): unknown {
  if (isRecord(applied)) {
    return mergeObject(isRecord(held) ? held : {}, applied, isRecord(before) ? before : {}, resolved(field));
  }
  if (!Array.isArray(applied)) return applied;
  const list = Array.isArray(held) ? held : [];
  const gone = Array.isArray(before) ? before : [];
  const kind = field?.['x-kubernetes-list-type'];
  if (kind === 'set')
    return [
      ...list.filter((item) => !gone.includes(item) || applied.includes(item)),
      ...applied.filter((item) => !list.includes(item)),
    ];
  if (kind !== 'map') return applied;
  return mergeMapList(list.filter(isRecord), applied.filter(isRecord), gone.filter(isRecord), field);
}

function mergeMapList(held: Fields[], applied: Fields[], before: Fields[], field: Definition | undefined): unknown[] {
  const keys = field?.['x-kubernetes-list-map-keys'] ?? [];
  const identity = (item: Fields): unknown[] =>
    keys.map((key) => item[key] ?? (key === 'protocol' ? 'TCP' : undefined));
  const find = (list: Fields[], item: Fields): Fields | undefined =>
    list.find((other) => same(identity(other), identity(item)));
  const kept = held.filter((item) => !find(before, item) || find(applied, item));
  const merged = kept.map((item) => {
    const change = find(applied, item);
    return change ? mergeObject(item, change, find(before, change) ?? {}, resolved(field?.items)) : item;
  });
  return [...merged, ...applied.filter((item) => !find(kept, item))];
}

/** Removes what the manager owned; an object keeps what others put into it. */
function dropField(result: Fields, key: string, before: unknown, field: Definition | undefined): void {
  const held = result[key];
  if (isRecord(held) && isRecord(before)) {
    const left = mergeObject(held, {}, before, resolved(field));
    if (Object.keys(left).length > 0) result[key] = left;
    else delete result[key];
  } else if (Array.isArray(held) && Array.isArray(before) && field?.['x-kubernetes-list-type'] === 'map') {
    const left = mergeMapList(held.filter(isRecord), [], before.filter(isRecord), field);
    if (left.length > 0) result[key] = left;
    else delete result[key];
  } else delete result[key];
}
