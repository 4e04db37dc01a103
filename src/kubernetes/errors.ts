/**
 * Why a call to the API server failed. `notFound`, `conflict` (409, and the 422 for a patch with another UID),
 * `alreadyExists` (409), `forbidden`, `unauthorized` (401, or no credentials could be had), `invalid` (400, 422 and other
 * 4xx; without a status, it was not sent), `unsupportedMediaType` (415), `tooManyRequests` (429), `expired` (410),
 * `notSupported` (no WebSocket could be opened, for a cause that stays), `serverError` (5xx), `unreachable` (no connection was made: nothing happened), `interrupted` (the connection or the
 * deadline ended mid-call, or a gateway's 5xx says nothing about the server: a write may or may not have happened),
 * `circuitOpen` (not sent, because the calls before it failed: nothing happened; `retryAfterSeconds` says until when),
 * `aborted` (the caller's own signal; a write may have happened).
 */
export type KubernetesErrorReason =
  | 'notFound'
  | 'conflict'
  | 'alreadyExists'
  | 'forbidden'
  | 'unauthorized'
  | 'invalid'
  | 'unsupportedMediaType'
  | 'notSupported'
  | 'tooManyRequests'
  | 'expired'
  | 'serverError'
  | 'unreachable'
  | 'interrupted'
  | 'circuitOpen'
  | 'aborted';

/** The API server's own message, with what was being asked for. Never holds credentials. */
export class KubernetesError extends Error {
  readonly reason: KubernetesErrorReason;
  /** The HTTP status, where there was an answer. */
  readonly status: number | undefined;
  /** May be a fraction. */
  readonly retryAfterSeconds: number | undefined;
  /** `details.causes` of the Status object: field paths and the budget's name among them. */
  readonly causes: { reason?: string; message?: string; field?: string }[];

  constructor(
    reason: KubernetesErrorReason,
    message: string,
    details: {
      status?: number;
      retryAfterSeconds?: number;
      causes?: { reason?: string; message?: string; field?: string }[];
      cause?: unknown;
    } = {},
  ) {
    super(message, { cause: details.cause });
    this.name = 'KubernetesError';
    this.reason = reason;
    this.status = details.status;
    this.retryAfterSeconds = details.retryAfterSeconds;
    this.causes = details.causes ?? [];
  }
}

/** Whether the error is a KubernetesError, of one of the reasons given (any, if none is). */
export function isKubernetesError(error: unknown, ...reasons: KubernetesErrorReason[]): error is KubernetesError {
  return error instanceof KubernetesError && (reasons.length === 0 || reasons.includes(error.reason));
}
