import type { Kind } from '../kinds/kind.ts';
import type { Resource } from '../resource.ts';
import { itemText, objectText } from './serialise.ts';
import { StatusError } from './status-error.ts';
import { tableText } from './table.ts';

/** The three forms in which objects are answered. */
export type Form = 'object' | 'metadata' | 'table';

/** Reads the Accept header; the first form offered that the sandbox has wins. Throws 406 where there is none. */
export function formOf(accept: string): Form {
  if (accept === '') return 'object';
  for (const part of accept.split(',')) {
    const [type = '', ...parameters] = part.split(';').map((piece) => piece.trim());
    if (!['application/json', 'application/*', '*/*', 'application/yaml'].includes(type)) continue;
    const as = parameters.find((parameter) => parameter.startsWith('as='))?.slice(3);
    if (as === undefined) return 'object';
    if (as === 'Table') return 'table';
    if (as === 'PartialObjectMetadata' || as === 'PartialObjectMetadataList') return 'metadata';
  }
  throw new StatusError(406, 'NotAcceptable', 'only the following media types are accepted: application/json');
}

export interface ListMetadata {
  resourceVersion: string;
  continue?: string;
  remainingItemCount?: number;
}

/** One object in the form asked for. */
export function oneText(form: Form, kind: Kind, object: Resource, given: { now: Date; includeObject: string }): string {
  if (form === 'table')
    return tableText(kind, [object], {
      ...given,
      metadata: { resourceVersion: object.metadata.resourceVersion ?? '' },
    });
  if (form === 'metadata') return partialText(object);
  return objectText(kind, object);
}

/** A list in the form asked for. */
export function listText(
  form: Form,
  kind: Kind,
  objects: Resource[],
  given: { now: Date; includeObject: string; metadata: ListMetadata },
): string {
  if (form === 'table') return tableText(kind, objects, given);
  const metadata = JSON.stringify(given.metadata);
  if (form === 'metadata') {
    return `{"kind":"PartialObjectMetadataList","apiVersion":"meta.k8s.io/v1","metadata":${metadata},"items":[${objects.map(partialText).join(',')}]}`;
  }
  const apiVersion = kind.group ? `${kind.group}/${kind.version}` : kind.version;
  // The items of a list of custom objects tell their kind, those of built-in kinds don't.
  const items = objects.map((object) => (kind.custom ? objectText(kind, object) : itemText(kind, object))).join(',');
  return `{"kind":"${kind.kind}List","apiVersion":"${apiVersion}","metadata":${metadata},"items":[${items}]}`;
}

function partialText(object: Resource): string {
  return JSON.stringify({ kind: 'PartialObjectMetadata', apiVersion: 'meta.k8s.io/v1', metadata: object.metadata });
}
