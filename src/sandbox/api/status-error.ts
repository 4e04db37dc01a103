import type { Kind } from '../kinds/kind.ts';

/** One entry of `details.causes`. */
export interface Cause {
  reason: string;
  message: string;
  field: string;
}

/** The Kubernetes Status object of a failure. */
export interface Status {
  kind: 'Status';
  apiVersion: 'v1';
  metadata: Record<string, never>;
  status: 'Failure';
  message: string;
  reason?: string;
  details?: Record<string, unknown>;
  code: number;
}

/** A request that is answered with a Status object. */
export class StatusError extends Error {
  readonly status: Status;

  constructor(code: number, reason: string | undefined, message: string, details?: Record<string, unknown>) {
    super(message);
    this.name = 'StatusError';
    this.status = {
      kind: 'Status',
      apiVersion: 'v1',
      metadata: {},
      status: 'Failure',
      message,
      ...(reason ? { reason } : {}),
      ...(details ? { details } : {}),
      code,
    };
  }
}

/** `deployments.apps`, or `pods` in the core group: how messages name a resource. */
function resourceName(kind: Kind): string {
  return kind.group ? `${kind.plural}.${kind.group}` : kind.plural;
}

export function notFound(kind: Kind, name: string): StatusError {
  return new StatusError(404, 'NotFound', `${resourceName(kind)} "${name}" not found`, about(kind, name));
}

export function alreadyExists(kind: Kind, name: string): StatusError {
  return new StatusError(409, 'AlreadyExists', `${resourceName(kind)} "${name}" already exists`, about(kind, name));
}

/** 409: the caller worked on what is no longer so. `detail` says which precondition did not hold. */
export function conflict(kind: Kind, name: string, detail: string): StatusError {
  return new StatusError(
    409,
    'Conflict',
    `Operation cannot be fulfilled on ${resourceName(kind)} "${name}": ${detail}`,
    about(kind, name),
  );
}

export function modified(kind: Kind, name: string): StatusError {
  return conflict(
    kind,
    name,
    'the object has been modified; please apply your changes to the latest version and try again',
  );
}

export function forbidden(kind: Kind, name: string, detail: string, causes?: Cause[]): StatusError {
  return new StatusError(403, 'Forbidden', `${resourceName(kind)} "${name}" is forbidden: ${detail}`, {
    ...about(kind, name),
    ...(causes ? { causes } : {}),
  });
}

export function badRequest(message: string): StatusError {
  return new StatusError(400, 'BadRequest', message);
}

export function invalid(kind: { group: string; kind: string }, name: string, causes: Cause[]): StatusError {
  const said = causes.map((cause) => `${cause.field}: ${cause.message}`);
  const list = [...new Set(said)];
  const subject = kind.group ? `${kind.kind}.${kind.group}` : kind.kind;
  return new StatusError(
    422,
    'Invalid',
    `${kind.kind ? `${subject} "${name}"` : 'The request'} is invalid: ${list.length === 1 ? list[0] : `[${list.join(', ')}]`}`,
    {
      ...(name ? { name } : {}),
      ...(kind.group ? { group: kind.group } : {}),
      ...(kind.kind ? { kind: kind.kind } : {}),
      causes,
    },
  );
}

export function noSuchResource(): StatusError {
  return new StatusError(404, 'NotFound', 'the server could not find the requested resource', {});
}

export function methodNotAllowed(): StatusError {
  return new StatusError(
    405,
    'MethodNotAllowed',
    'the server does not allow this method on the requested resource',
    {},
  );
}

export function expired(from: number, oldest: number): StatusError {
  return new StatusError(410, 'Expired', `too old resource version: ${from} (${oldest})`);
}

function about(kind: Kind, name: string): Record<string, unknown> {
  return { name, ...(kind.group ? { group: kind.group } : {}), kind: kind.plural };
}
