import type { Json } from '../kubernetes/object.ts';

/**
 * Every code that a refusal can carry, with its HTTP status, and the way out where whoever refuses knows no better one:
 * the whole contract in one table.
 */
export const refusals = {
  malformed_json: { status: 400, hint: 'Send one JSON object, in UTF-8' },
  unauthenticated: { status: 401, hint: 'Send Authorization: Bearer with a token that is still valid' },
  permission_denied: { status: 403, hint: 'Give the role that is needed, or ask somebody who has it' },
  protected_target: { status: 403, hint: 'Choose another target; what is protected stands in the configuration' },
  policy_denied: {
    status: 403,
    hint: 'GET /api/v1/actions tells what an action refuses; the rules stand in the configuration',
  },
  target_not_found: {
    status: 404,
    hint: 'Look whether kind, namespace and name are right, and whether it has been deleted meanwhile',
  },
  approval_not_found: { status: 404, hint: 'GET /api/v1/approvals lists those that are kept' },
  execution_not_found: { status: 404, hint: 'GET /api/v1/executions lists those that are kept' },
  not_found: { status: 404, hint: 'GET /openapi.json lists the endpoints' },
  method_not_allowed: { status: 405, hint: 'The Allow header names the methods of this path' },
  not_acceptable: { status: 406, hint: 'Accept application/json, application/x-ndjson or text/csv' },
  target_busy: {
    status: 409,
    hint: 'Wait until its holder is done, or ask with Prefer: respond-async to have it started then',
  },
  hpa_conflict: { status: 409, hint: 'Change the autoscaler instead (update_hpa)' },
  gitops_managed: { status: 409, hint: 'Change it in the repository that manages it' },
  drift_detected: { status: 409, hint: 'Look at what stands there now; force undoes it nevertheless' },
  precondition_failed: { status: 409, hint: 'Put in order first what the sentence names, then ask again' },
  conflict: { status: 409, hint: 'Look at what stands there now, then ask again' },
  not_reversible: { status: 409, hint: 'Its undo tells why; ask for the action that brings about what is wanted' },
  blast_radius_exceeded: {
    status: 409,
    hint: 'Look whether what was changed so far has helped, before more is; it passes again at retry_at',
  },
  approval_expired: { status: 409, hint: 'Nothing was done; ask for the execution anew' },
  blocked: { status: 409, hint: 'Look at why it keeps failing, and acknowledge it' },
  approval_stale: {
    status: 412,
    hint: 'Look at the approval again; its plan_hash, in quotes, is what If-Match takes',
  },
  payload_too_large: { status: 413, hint: 'A request needs a few kilobytes at most' },
  unsupported_media_type: { status: 415, hint: 'Send Content-Type: application/json' },
  validation_failed: {
    status: 422,
    hint: 'GET /openapi.json holds the shapes, GET /api/v1/actions those of the parameters',
  },
  unknown_action: { status: 422, hint: 'GET /api/v1/actions lists them' },
  unsupported_target: { status: 422, hint: 'GET /api/v1/actions tells the kinds that each action takes' },
  not_supported: { status: 422, hint: 'Nothing was done; ask for an action that this cluster supports' },
  precondition_required: {
    status: 428,
    hint: 'Send If-Match with the plan_hash of the approval, in quotes: it says what is decided on',
  },
  cooldown_active: { status: 429, hint: 'Look first whether the last run has helped; then try again at retry_at' },
  failure_backoff: { status: 429, hint: 'Look at why it failed; then try again at retry_at' },
  oscillation_detected: { status: 429, hint: 'Look for what drives it to and fro, and mend that' },
  quota_exceeded: { status: 429, hint: 'Try again at retry_at' },
  rate_limited: { status: 429, hint: 'Ask less often; rate_limit stands in the configuration' },
  capacity_exhausted: {
    status: 429,
    hint: 'Try again at retry_at, or ask with Prefer: respond-async to have it wait its turn',
  },
  internal_error: { status: 500, hint: 'Search the log for the trace_id' },
  circuit_open: {
    status: 503,
    hint: 'The API server has to recover first; GET /health shows when it has, and what it answers until then',
  },
  emergency_stop: {
    status: 503,
    hint: 'GET /api/v1/controls shows who has stopped it and why; PUT lifts it. Dry runs and reads go on',
  },
  service_unavailable: { status: 503, hint: 'Try again at retry_at; GET /health tells what is away' },
} as const;

export type RefusalCode = keyof typeof refusals;

/** One fault of the request: where it stands (JSON pointer, RFC 6901), and what is wrong with it. */
export interface FieldFault {
  pointer: string;
  detail: string;
}

/** A plan that a rule or a stop stands against, and what the rules said of it. */
export interface Denied {
  action: string;
  target: { kind: string; namespace?: string | undefined; name: string } | undefined;
  verdicts: readonly { rule: string; verdict: string; reason: string }[];
}

export interface RefusalDetails {
  hint?: string;
  errors?: FieldFault[];
  /** When the same request may succeed; also answered as Retry-After. */
  retryAt?: Date;
  actionId?: string;
  /** What was decided against, for the audit; no part of the problem document. */
  denied?: Denied;
  /** More members of the problem document, such as the holder of a busy target. */
  extra?: { [name: string]: Json };
  cause?: unknown;
}

/** Says no before anything was changed: the sentence names the object, the hint the way out. */
export class Refusal extends Error {
  readonly code: RefusalCode;
  readonly details: RefusalDetails & { hint: string };

  constructor(code: RefusalCode, sentence: string, details: RefusalDetails = {}) {
    super(sentence, { cause: details.cause });
    this.name = 'Refusal';
    this.code = code;
    this.details = { hint: refusals[code].hint, ...details };
  }

  get status(): number {
    return refusals[this.code].status;
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
