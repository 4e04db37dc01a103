import { type Kind, apiVersionOf } from '../kinds/kind.ts';
import { type Resource, as, isRecord } from '../resource.ts';
import { type Decoded, decode } from '../schema/decode.ts';
import { badRequest } from './status-error.ts';
import type { Target } from './request.ts';

/** A decoded object and the warnings that its answer carries. */
export interface DecodedBody {
  object: Resource;
  warnings: string[];
}

/** Reads a body as the kind it is sent to. Throws 400 for another kind, a wrong type, or with `strict` an unknown field. */
export function decodeBody(kind: Kind, body: Record<string, unknown>, strict: boolean): DecodedBody {
  if (kind.custom && body.kind === undefined)
    throw badRequest(
      `the object provided is unrecognized (must be of type ${kind.kind}): Object 'Kind' is missing in '${JSON.stringify(body)}'`,
    );
  const apiVersion = body.apiVersion ?? apiVersionOf(kind);
  const given = body.kind ?? kind.kind;
  const subject = `${String(given)} in version "${String(apiVersion).split('/').at(-1)}" cannot be handled as a ${kind.kind}`;
  if (given !== kind.kind) throw badRequest(`${subject}: it is of another kind`);
  if (apiVersion !== apiVersionOf(kind))
    throw badRequest(`${subject}: no kind "${kind.kind}" is registered for version "${String(apiVersion)}"`);
  const { value, unknown, fault } = readAs(kind, body);
  if (fault) throw badRequest(`${subject}: ${fault}`);
  const fields = unknown.map((field) => `unknown field "${field}"`);
  if (strict && fields.length > 0) throw badRequest(`${subject}: strict decoding error: ${fields.join(', ')}`);
  return { object: asResource(kind, value), warnings: fields };
}

/** The body as the kind's type or schema has it. */
export function readAs(kind: Kind, body: Record<string, unknown>): Decoded {
  return kind.custom ? kind.custom.read(body) : decode(kind.type, body);
}

/** The decoded value with a metadata that can be relied on, in the stored form. */
export function asResource(kind: Kind, value: Record<string, unknown>): Resource {
  const metadata = isRecord(value.metadata) ? value.metadata : {};
  const object = as<Resource>({
    ...value,
    apiVersion: apiVersionOf(kind),
    kind: kind.kind,
    metadata: { ...metadata, name: metadata.name ?? '' },
  });
  return kind.convert ? kind.convert.toStored(object) : object;
}

/** What the body says of name and namespace has to agree with the path; what it leaves out comes from there. */
export function placeInPath(target: Target, object: Resource): void {
  const metadata = object.metadata;
  if (target.name !== undefined && metadata.name && metadata.name !== target.name) {
    throw badRequest(`the name of the object (${metadata.name}) does not match the name on the URL (${target.name})`);
  }
  if (target.name !== undefined) metadata.name = target.name;
  if (!target.kind.namespaced) delete metadata.namespace;
  else if (metadata.namespace && target.namespace !== undefined && metadata.namespace !== target.namespace) {
    throw badRequest('the namespace of the provided object does not match the namespace sent on the request');
  } else metadata.namespace = target.namespace ?? metadata.namespace;
}

/** One Warning header for all that was ignored. */
export function warningHeader(warnings: string[]): Record<string, string> {
  if (warnings.length === 0) return {};
  return { warning: warnings.map((warning) => `299 - ${JSON.stringify(warning)}`).join(', ') };
}
