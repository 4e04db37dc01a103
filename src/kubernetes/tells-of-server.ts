import type { ApiRequest } from './api-request.ts';
import type { Telling } from './circuit.ts';
import type { KubernetesError } from './errors.ts';
import { kindOf } from './kinds.ts';

/**
 * What an attempt tells of the API server as such. A refusal of any kind is an answer; so is a failure that belongs to
 * something behind it: a webhook, a kubelet, an extension's own server, a disruption budget. A call that its caller has
 * ended tells nothing, nor does one that was given hardly any time.
 */
export function tellsOfServer(
  request: ApiRequest,
  error: KubernetesError | undefined,
  attempt: { ranOut: boolean; lastedMs: number; timeoutMs: number },
): Telling {
  if (!error) return 'answered';
  if (error.reason === 'unreachable') return 'failed';
  if (error.status === undefined) return withoutAnswer(request, error, attempt);
  if (!serverFaults.has(error.status)) return 'answered';
  return isOfServerItself(request) && !isOfWebhook(error) ? 'failed' : 'nothing';
}

const serverFaults = new Set([500, 502, 503, 504]);
/** A time too short to judge anybody by. */
const fairMs = 1_000;

function withoutAnswer(
  request: ApiRequest,
  { reason }: KubernetesError,
  { ranOut, lastedMs, timeoutMs }: { ranOut: boolean; lastedMs: number; timeoutMs: number },
): Telling {
  // A page instead of an object, no credentials, no WebSocket: not the server's health. `aborted`: the caller's wish.
  if (reason !== 'interrupted' || !isOfServerItself(request)) return 'nothing';
  if (!ranOut) return 'failed';
  return lastedMs >= Math.min(fairMs, timeoutMs) * 0.9 ? 'silent' : 'nothing';
}

/** Of these, others decide: the kubelet, or the budgets with their own controller. */
const answeredByOthers = new Set(['log', 'exec', 'eviction']);

function isOfServerItself({ resource, subresource, path }: ApiRequest): boolean {
  if (subresource !== undefined && answeredByOthers.has(subresource)) return false;
  // A group that is not built in may be an extension's (metrics.k8s.io), whose own server may be away.
  return resource ? kindOf(resource.apiVersion, resource.kind) !== undefined : !path.startsWith('/apis/');
}

function isOfWebhook({ message }: KubernetesError): boolean {
  return /failed calling webhook|conversion webhook/i.test(message);
}
