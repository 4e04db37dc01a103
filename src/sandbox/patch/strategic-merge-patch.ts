import { StatusError } from '../api/status-error.ts';
import { isRecord, same } from '../resource.ts';
import { type Definition, fieldOf, resolved } from '../schema/definition.ts';

const ORDER = '$setElementOrder/';
const DELETE = '$deleteFromPrimitiveList/';
type Fields = Record<string, unknown>;

/**
 * Kubernetes' own patch: lists whose type declares a merge key merge item by item. Knows `$patch` (replace, delete, merge),
 * `$retainKeys`, `$deleteFromPrimitiveList` and `$setElementOrder`. Leaves its arguments as they are.
 */
export function strategicMergePatch(target: Fields, patch: Fields, type: Definition): Fields {
  return mergeObject(target, patch, type);
}

function mergeObject(target: Fields, patch: Fields, type: Definition | undefined): Fields {
  if ('$patch' in patch) {
    const { $patch: directive, ...rest } = patch;
    if (directive === 'replace') return rest;
    if (directive === 'delete') return {};
    if (directive !== 'merge') throw failed(`Unknown patch type found: ${String(directive)}`);
    return mergeObject(target, rest, type);
  }
  const result = retained(target, patch);
  for (const key of Object.keys(patch)) {
    if (key === '$retainKeys' || key.startsWith(ORDER) || key.startsWith(DELETE)) continue;
    if (patch[key] === null) delete result[key];
    else result[key] = mergeField(result[key], patch[key], fieldOf(type, key), orderOf(patch, key));
  }
  for (const key of Object.keys(patch)) applyListDirective(result, patch, key, type);
  return result;
}

function retained(target: Fields, patch: Fields): Fields {
  const keep = patch.$retainKeys;
  if (!Array.isArray(keep)) return { ...target };
  return Object.fromEntries(Object.entries(target).filter(([key]) => keep.includes(key)));
}

function mergeField(
  held: unknown,
  given: unknown,
  field: Definition | undefined,
  order: unknown[] | undefined,
): unknown {
  const type = resolved(field);
  if (Array.isArray(given)) {
    const merges = (field?.['x-kubernetes-patch-strategy'] ?? '').split(',').includes('merge');
    return merges ? mergeList(Array.isArray(held) ? held : [], given, field, order) : given;
  }
  if (!isRecord(given)) return given;
  return mergeObject(isRecord(held) ? held : {}, given, type);
}

/** The two directives that may come without the list itself in the patch. */
function applyListDirective(result: Fields, patch: Fields, key: string, type: Definition | undefined): void {
  if (key.startsWith(DELETE)) {
    const name = key.slice(DELETE.length);
    const held = result[name];
    const gone = patch[key];
    if (Array.isArray(held) && Array.isArray(gone))
      result[name] = held.filter((item) => !gone.some((other) => same(item, other)));
  }
  if (!key.startsWith(ORDER)) return;
  const name = key.slice(ORDER.length);
  const held = result[name];
  const order = patch[key];
  if (name in patch || !Array.isArray(held) || !Array.isArray(order)) return;
  result[name] = arranged({
    items: held,
    order,
    before: held,
    mergeKey: fieldOf(type, name)?.['x-kubernetes-patch-merge-key'],
  });
}

function orderOf(patch: Fields, key: string): unknown[] | undefined {
  const order = patch[`${ORDER}${key}`];
  return Array.isArray(order) ? order : undefined;
}

function mergeList(
  held: unknown[],
  given: unknown[],
  field: Definition | undefined,
  order: unknown[] | undefined,
): unknown[] {
  const mergeKey = field?.['x-kubernetes-patch-merge-key'];
  if (!mergeKey || !given.every(isRecord)) {
    const items = [...held, ...given.filter((item) => !held.some((other) => same(item, other)))];
    return arranged({ items, order: order ?? given, before: held, mergeKey: undefined });
  }
  if (given.some((item) => item.$patch === 'replace')) return given.filter((item) => !('$patch' in item));
  let items = [...held];
  for (const item of given) {
    if (item[mergeKey] === undefined)
      throw failed(`map: ${JSON.stringify(item)} does not contain declared merge key: ${mergeKey}`);
    const index = items.findIndex((other) => isRecord(other) && other[mergeKey] === item[mergeKey]);
    if (item.$patch === 'delete') items = items.filter((_, other) => other !== index);
    else {
      const merged = mergeObject(
        index >= 0 && isRecord(items[index]) ? items[index] : {},
        item,
        resolved(field?.items),
      );
      if (index >= 0) items[index] = merged;
      else items.push(merged);
    }
  }
  return arranged({ items, order: order ?? given.filter((item) => !('$patch' in item)), before: held, mergeKey });
}

/** Items named by the order stand in that order; the others keep their place among those that were there before. */
function arranged(given: {
  items: unknown[];
  order: unknown[];
  before: unknown[];
  mergeKey: string | undefined;
}): unknown[] {
  const { items, order, before, mergeKey } = given;
  const identity = (item: unknown): unknown => (mergeKey && isRecord(item) ? item[mergeKey] : item);
  const position = (list: unknown[], item: unknown): number =>
    list.findIndex((other) => same(identity(other), identity(item)));
  const named = items
    .filter((item) => position(order, item) >= 0)
    .sort((a, b) => position(order, a) - position(order, b));
  const others = items
    .filter((item) => position(order, item) < 0)
    .sort((a, b) => position(before, a) - position(before, b));
  const result: unknown[] = [];
  while (named.length > 0 && others.length > 0) {
    const [left, right] = [position(before, others[0]), position(before, named[0])];
    result.push(left >= 0 && right >= 0 && left < right ? others.shift() : named.shift());
  }
  return [...result, ...others, ...named];
}

/** The API server has no reason code for these and answers 500. */
function failed(message: string): StatusError {
  return new StatusError(500, undefined, message);
}
