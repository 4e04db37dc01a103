import type { Json } from '../kubernetes/object.ts';

/** Every code that a refusal can carry, with its HTTP status: the whole contract in one table. */
export const refusalStatus = {
  malformed_json: 400,
  unauthenticated: 401,
  permission_denied: 403,
  protected_target: 403,
  policy_denied: 403,
  target_not_found: 404,
  execution_not_found: 404,
  not_found: 404,
  method_not_allowed: 405,
  target_busy: 409,
  hpa_conflict: 409,
  gitops_managed: 409,
  drift_detected: 409,
  precondition_failed: 409,
  conflict: 409,
  not_reversible: 409,
  blocked: 409,
  payload_too_large: 413,
  unsupported_media_type: 415,
  validation_failed: 422,
  unknown_action: 422,
  unsupported_target: 422,
  not_supported: 422,
  cooldown_active: 429,
  capacity_exhausted: 429,
  internal_error: 500,
  service_unavailable: 503,
} as const;

export type RefusalCode = keyof typeof refusalStatus;

/** One fault of the request: where it stands (JSON pointer, RFC 6901), and what is wrong with it. */
export interface FieldFault {
  pointer: string;
  detail: string;
}

export interface RefusalDetails {
  hint?: string;
  errors?: FieldFault[];
  /** When the same request may succeed; also answered as Retry-After. */
  retryAt?: Date;
  actionId?: string;
  /** More members of the problem document, such as the holder of a busy target. */
  extra?: { [name: string]: Json };
  cause?: unknown;
}

/** Says no before anything was changed: the sentence names the object, the hint the way out. */
export class Refusal extends Error {
  readonly code: RefusalCode;
  readonly details: RefusalDetails;

  constructor(code: RefusalCode, sentence: string, details: RefusalDetails = {}) {
    super(sentence, { cause: details.cause });
    this.name = 'Refusal';
    this.code = code;
    this.details = details;
  }

  get status(): number {
    return refusalStatus[this.code];
  }
}

/** An action's own condition that is not met: 409, naming what stands there and what to do first. */
export function preconditionFailed(sentence: string, hint?: string): Refusal {
  return new Refusal('precondition_failed', sentence, hint ? { hint } : {});
}

/** A fault of one parameter that shows only once the target is read. The executor puts the pointer in its place. */
export function parameterFault(name: string, sentence: string): Refusal {
  return new Refusal('validation_failed', sentence, { errors: [{ pointer: `/parameters/${name}`, detail: sentence }] });
}
