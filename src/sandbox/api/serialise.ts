import { type Kind, apiVersionOf } from '../kinds/kind.ts';
import type { Resource } from '../resource.ts';

/** Stored objects never change, so the text of each is made once, however many lists and watches send it. */
const texts = new WeakMap<Resource, string>();

/** The object without its kind and apiVersion: as it stands in a list. */
export function itemText(kind: Kind, object: Resource): string {
  if (kind.convert) return bodyOf(kind.convert.fromStored(object));
  const known = texts.get(object);
  if (known !== undefined) return known;
  const text = bodyOf(object);
  texts.set(object, text);
  return text;
}

/** The whole object, as it is answered by itself. */
export function objectText(kind: Kind, object: Resource): string {
  return `{"kind":"${kind.kind}","apiVersion":"${apiVersionOf(kind)}",${itemText(kind, object).slice(1)}`;
}

function bodyOf(object: Resource): string {
  const { kind: _kind, apiVersion: _apiVersion, ...rest } = object;
  return JSON.stringify(rest);
}
