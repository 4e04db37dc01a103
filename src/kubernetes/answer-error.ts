import { describeRequest, isWrite } from './api-request.ts';
import type { ApiRequest } from './api-request.ts';
import { KubernetesError } from './errors.ts';
import type { KubernetesErrorReason } from './errors.ts';
import { carriesSecret, type Status, withoutQuotes } from './quoted-secret.ts';

/** The error that an answer with this status stands for: the server's message after what was asked. */
export function answerError(
  request: ApiRequest,
  answer: { status: number; text: string; contentType: string | null; retryAfter: string | null },
): KubernetesError {
  const told = parseStatus(answer.text);
  const status = carriesSecret(request) ? withoutQuotes(told, answer.status) : told;
  const message = status?.message || plainMessage(answer);
  return new KubernetesError(reasonOf(request, answer, status, message), `${describeRequest(request)}: ${message}`, {
    status: answer.status,
    retryAfterSeconds: secondsOf(answer.retryAfter) ?? status?.details?.retryAfterSeconds,
    causes: status?.details?.causes ?? [],
  });
}

/** The error for a Status object that came inside a stream, as the `ERROR` events of a watch do. */
export function statusError(request: ApiRequest, status: unknown): KubernetesError {
  const code = isRecord(status) && typeof status['code'] === 'number' ? status['code'] : 500;
  return answerError(request, {
    status: code,
    text: JSON.stringify(status),
    contentType: 'application/json',
    retryAfter: null,
  });
}

/** The error for a success whose body is no object. What a write did stays unknown: a proxy may have answered. */
export function unreadableAnswerError(
  request: ApiRequest,
  answer: { status: number; contentType: string | null },
  cause: unknown,
): KubernetesError {
  const isJson = answer.contentType?.includes('json') ?? false;
  const message = isJson
    ? `answered ${answer.status} with JSON that is cut short or not an object`
    : plainMessage({ ...answer, text: '' });
  return new KubernetesError(
    isWrite(request) || isJson ? 'interrupted' : 'serverError',
    `${describeRequest(request)}: ${message}`,
    { cause },
  );
}

function reasonOf(
  request: ApiRequest,
  answer: { status: number; retryAfter: string | null },
  status: Status | undefined,
  message: string,
): KubernetesErrorReason {
  // Something on the way takes an upgrade for an ordinary request, or the API server is too old for WebSockets.
  if (request.protocols && (answer.status < 400 || /upgrade request required|unable to upgrade/i.test(message)))
    return 'notSupported';
  // A redirect leads to a login page or another address; the API server itself sends none.
  if (answer.status < 400) return 'serverError';
  if (answer.status >= 500) return mayHaveHappened(request, answer, message) ? 'interrupted' : 'serverError';
  if (answer.status === 409) return status?.reason === 'AlreadyExists' ? 'alreadyExists' : 'conflict';
  // A patch that carries another object's UID is told that it can't be changed: the object was replaced.
  if (answer.status === 422 && status?.details?.causes?.some((cause) => cause.field === 'metadata.uid'))
    return 'conflict';
  return reasons[answer.status] ?? 'invalid';
}

const reasons: Record<number, KubernetesErrorReason> = {
  401: 'unauthorized',
  403: 'forbidden',
  404: 'notFound',
  406: 'unsupportedMediaType',
  410: 'expired',
  415: 'unsupportedMediaType',
  429: 'tooManyRequests',
};

/**
 * Whether a write may have been carried out in spite of the 5xx. A gateway's 502 or 504 says nothing about what the
 * API server did, nor does a 503 without Retry-After (a proxy whose upstream went away); a 500 is a refusal, but for
 * etcd's and the handler's own timeouts, after which the write may yet be stored.
 */
function mayHaveHappened(
  request: ApiRequest,
  answer: { status: number; retryAfter: string | null },
  message: string,
): boolean {
  if (!isWrite(request)) return false;
  if (answer.status === 500)
    return /etcdserver: |timed out|timeout|context (deadline exceeded|canceled)/i.test(message);
  return !(answer.status === 503 && answer.retryAfter !== null) && answer.status !== 501;
}

function parseStatus(text: string): Status | undefined {
  if (!text.startsWith('{')) return undefined;
  try {
    const parsed: unknown = JSON.parse(text);
    return isRecord(parsed) && parsed['kind'] === 'Status' ? asStatus(parsed) : undefined;
  } catch {
    return undefined;
  }
}

/** Its kind says that it is a Status, which the API's own schema describes. */
function asStatus(parsed: Record<string, unknown>): Status {
  return parsed as Status;
}

/** The text of a plain answer, cut; a page is not worth quoting. */
function plainMessage(answer: { status: number; text: string; contentType: string | null }): string {
  const type = answer.contentType?.split(';', 1)[0] || 'no content type';
  const text = answer.text.trim();
  if (type !== 'text/plain' || text === '') {
    return `answered ${answer.status} with ${type} instead of a Kubernetes object; is this address the API server's?`;
  }
  return text.length > 500 ? `${text.slice(0, 497)}...` : text;
}

/** Retry-After is seconds from a Kubernetes server; a proxy may send a date. */
function secondsOf(header: string | null): number | undefined {
  if (header === null) return undefined;
  const seconds = /^\d+$/.test(header) ? Number(header) : (Date.parse(header) - Date.now()) / 1000;
  return Number.isFinite(seconds) ? Math.max(0, Math.ceil(seconds)) : undefined;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
