import { refusals } from '../actions/refusal.ts';
import type { JsonObject } from '../json.ts';

/** The statuses that refuse, by the name of their response in the document. */
const refusingStatuses = {
  BadRequest: 400,
  Unauthorized: 401,
  Forbidden: 403,
  NotFound: 404,
  NotAcceptable: 406,
  Conflict: 409,
  PreconditionFailed: 412,
  ContentTooLarge: 413,
  UnsupportedMediaType: 415,
  UnprocessableContent: 422,
  PreconditionRequired: 428,
  TooManyRequests: 429,
  InternalServerError: 500,
  ServiceUnavailable: 503,
} as const;

export type RefusalName = keyof typeof refusingStatuses;

/** For `components.responses`: a problem for each status that refuses, with the codes that it may have. */
export function problemResponses(): JsonObject {
  return Object.fromEntries(Object.entries(refusingStatuses).map(([name, status]) => [name, problemOf(status)]));
}

function problemOf(status: number): JsonObject {
  const codes = Object.entries(refusals).filter(([, refusal]) => refusal.status === status);
  const more = status === 401 ? ['WWW-Authenticate'] : status === 429 || status === 503 ? ['Retry-After'] : [];
  const headers = [...more, 'X-Request-ID'];
  return {
    description: `Refused: ${codes.map(([code]) => `\`${code}\``).join(', ')}`,
    headers: responseHeaders(headers),
    content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } },
  };
}

/** The refusals of an operation, by status. */
export function refused(names: readonly RefusalName[]): JsonObject {
  return Object.fromEntries(
    names.map((name) => [String(refusingStatuses[name]), { $ref: `#/components/responses/${name}` }]),
  );
}

/** An answer in JSON, by the name of its schema; `others` are further types that it is to be had in. */
export function answered(
  description: string,
  schema: string,
  headers: readonly string[] = [],
  others: JsonObject = {},
): JsonObject {
  return {
    description,
    headers: responseHeaders([...headers, 'X-Request-ID']),
    content: { 'application/json': { schema: { $ref: `#/components/schemas/${schema}` } }, ...others },
  };
}

/** References to headers by their names. */
export function responseHeaders(names: readonly string[]): JsonObject {
  return Object.fromEntries(names.map((name) => [name, { $ref: `#/components/headers/${name}` }]));
}
