import { isDeepStrictEqual } from 'node:util';
import type { RecordedChange } from '../journal.ts';
import type { Mutation } from '../mutations.ts';
import { isObject, nameIn, valueAt } from './value-at.ts';

/** Whether this write is what the change says: to the same object, of the same kind, with the same values. */
export function isOf(
  { resource, namespace, name, verb, subresource, body }: Mutation,
  { kind, target, after }: RecordedChange,
): boolean {
  if (
    `${target.kind.toLowerCase()}s` !== resource ||
    target.name !== name ||
    (target.namespace ?? '') !== (namespace ?? '')
  )
    return false;
  const uid = uidIn(body);
  if (uid !== undefined && target.uid !== undefined && uid !== target.uid) return false;
  switch (kind) {
    case 'evict':
      return verb === 'create' && subresource === 'eviction';
    case 'delete':
      return verb === 'delete';
    case 'create':
      return verb === 'create' && subresource === undefined;
    case 'patch':
    case 'restart':
      return (
        verb === 'patch' &&
        Object.keys(after ?? {}).length > 0 &&
        Object.entries(after ?? {}).every(
          ([pointer, value]) => isSaid(body, pointer) && agrees(valueAt(body, pointer), value),
        )
      );
    default:
      return false;
  }
}

function uidIn(body: Record<string, unknown>): unknown {
  const { metadata, preconditions, deleteOptions } = body as Record<
    string,
    { uid?: string; preconditions?: { uid?: string } }
  >;
  return metadata?.uid ?? preconditions?.uid ?? deleteOptions?.preconditions?.uid;
}

/** A merge patch says of an object only what changes. */
function agrees(sent: unknown, recorded: unknown): boolean {
  if (isObject(sent) && isObject(recorded))
    return Object.entries(sent).every(([key, value]) => agrees(value, recorded[key]));
  return isDeepStrictEqual(sent ?? null, recorded ?? null);
}

/** What is taken away is said too, as null; of what is not named nothing changes. */
export function isSaid(body: unknown, pointer: string): boolean {
  const parent = valueAt(body, pointer.slice(0, pointer.lastIndexOf('/')));
  return isObject(parent) && nameIn(pointer.slice(pointer.lastIndexOf('/') + 1)) in parent;
}
