import { Refusal, type RefusalCode, refusals } from '../actions/refusal.ts';
import { ChangeFailed } from '../changes/change-failed.ts';
import { ExpectationFailed } from '../changes/watch-until.ts';
import { DatabaseUnavailable } from '../database/unavailable.ts';
import { isKubernetesError, KubernetesError, type KubernetesErrorReason } from '../kubernetes/errors.ts';
import { redactText } from '../telemetry/redact-text.ts';
import { ChangesFailed } from './changes-failed.ts';
import type { ErrorRecord } from './record.ts';

const retryAfterMs = 5_000;

/** A fault of reading, before anything was changed, as the refusal that the caller gets. Others are passed on. */
export function refusalOf(error: unknown, now: Date): unknown {
  if (error instanceof DatabaseUnavailable) {
    return new Refusal('service_unavailable', error.message, { retryAt: later(now), cause: error });
  }
  if (!isKubernetesError(error)) return error;
  const code = codes[error.reason];
  return new Refusal(code, error.message, {
    cause: error,
    ...(refusals[code].status === 503 ? { retryAt: later(now, error.retryAfterSeconds) } : {}),
    ...hintFor(error.reason),
  });
}

/** How a run that had begun failed, for its record. */
export function errorRecordOf(error: unknown): ErrorRecord {
  if (error instanceof ChangesFailed) return { ...errorRecordOf(error.causes[0]), message: error.message };
  if (error instanceof Refusal) {
    return { code: error.code, message: error.message, ...(error.details.hint ? { hint: error.details.hint } : {}) };
  }
  if (error instanceof ChangeFailed) {
    // It may quote what a command printed.
    return { code: error.code, message: redactText(error.message), ...(error.hint ? { hint: error.hint } : {}) };
  }
  if (error instanceof ExpectationFailed) return { code: 'verification_failed', message: error.message };
  if (error instanceof DatabaseUnavailable) return { code: 'service_unavailable', message: error.message };
  if (error instanceof KubernetesError)
    return { code: codes[error.reason], message: error.message, ...hintFor(error.reason) };
  return { code: 'internal_error', message: error instanceof Error ? error.message : String(error) };
}

const codes: Record<KubernetesErrorReason, RefusalCode> = {
  notFound: 'target_not_found',
  conflict: 'conflict',
  alreadyExists: 'conflict',
  forbidden: 'permission_denied',
  unauthorized: 'permission_denied',
  invalid: 'precondition_failed',
  unsupportedMediaType: 'not_supported',
  notSupported: 'not_supported',
  tooManyRequests: 'service_unavailable',
  expired: 'service_unavailable',
  serverError: 'service_unavailable',
  unreachable: 'service_unavailable',
  interrupted: 'service_unavailable',
  circuitOpen: 'circuit_open',
  aborted: 'service_unavailable',
};

function hintFor(reason: KubernetesErrorReason): { hint?: string } {
  if (reason === 'forbidden')
    return { hint: "Give the service's role what the API server names here; deploy/ holds the generated ClusterRole" };
  if (reason === 'unauthorized')
    return {
      hint: "The API server does not take the service's credentials; look at the kubeconfig or the service account",
    };
  return {};
}

function later(now: Date, seconds?: number): Date {
  return new Date(now.getTime() + (seconds === undefined ? retryAfterMs : seconds * 1000));
}
