import type { Resource } from '../resource.ts';
import type { Store } from '../store/store.ts';
import { kinds } from './all.ts';
import { kindsOfDefinition } from './custom-kind.ts';
import { customResourceDefinitions } from './custom-resource-definition.ts';
import { type Kind, storageOf } from './kind.ts';

/** Stored objects never change, so what a definition has served is worked out once. */
const known = new WeakMap<Resource, Kind[]>();

/** Every kind that this cluster serves: the built-in ones and those of its CustomResourceDefinitions, which come first. */
export function kindsOf(store: Store): readonly Kind[] {
  const custom = store.list(storageOf(customResourceDefinitions)).flatMap((definition) => {
    const made = known.get(definition) ?? kindsOfDefinition(definition);
    known.set(definition, made);
    return made;
  });
  if (custom.length === 0) return kinds;
  const taken = new Set(custom.map(resourceOf));
  return [...kinds.filter((kind) => !taken.has(resourceOf(kind))), ...custom];
}

export function kindAt(store: Store, group: string, version: string, plural: string): Kind | undefined {
  const resource = `${group}/${version}/${plural}`;
  return kindsOf(store).find((kind) => resourceOf(kind) === resource);
}

/** The kind as which stored objects are kept. */
export function kindOfStorage(store: Store, storage: string): Kind | undefined {
  return kindsOf(store).find((kind) => storageOf(kind) === storage);
}

function resourceOf(kind: Kind): string {
  return `${kind.group}/${kind.version}/${kind.plural}`;
}
