import { describeRequest } from './api-request.ts';
import type { ApiRequest } from './api-request.ts';
import type { OpenCircuit } from './circuit.ts';
import type { Deadline } from './deadline.ts';
import { KubernetesError } from './errors.ts';

/**
 * The error for a call that got no whole answer: `aborted`, `interrupted`, or `unreachable` where it is certain that no
 * connection stood, so that nothing can have happened.
 */
export function connectionError(
  request: ApiRequest,
  error: unknown,
  circumstances: { server: string; deadline: Deadline },
): KubernetesError {
  if (error instanceof KubernetesError) return error;
  const ended = endedError(request, circumstances.deadline, error);
  if (ended) return ended;

  const asked = describeRequest(request);
  const { code, message } = rootOf(error);
  return noConnection.test(code)
    ? new KubernetesError('unreachable', `${asked}: can't reach ${circumstances.server}: ${message}`, { cause: error })
    : new KubernetesError('interrupted', `${asked}: the connection to ${circumstances.server} broke: ${message}`, {
        cause: error,
      });
}

/** The error for a call that is not sent while the circuit is open. */
export function circuitOpenError(
  request: ApiRequest,
  { retryAfterMs, reason }: OpenCircuit,
  { server }: { server: string },
): KubernetesError {
  const seconds = Math.max(1, Math.ceil(retryAfterMs / 1000));
  return new KubernetesError(
    'circuitOpen',
    `${describeRequest(request)}: not sent, ${server} is failing and is tried again in ${seconds} s (${reason})`,
    { retryAfterSeconds: retryAfterMs / 1000 },
  );
}

/** The error for a call whose time is over or whose caller has left; undefined while neither is so. */
export function endedError(request: ApiRequest, deadline: Deadline, cause: unknown): KubernetesError | undefined {
  const asked = describeRequest(request);
  switch (deadline.ended()) {
    case 'aborted':
      return new KubernetesError('aborted', `${asked}: stopped by the caller`, { cause });
    case 'deadline':
      return new KubernetesError('interrupted', `${asked}: no answer within ${Math.round(deadline.timeoutMs)} ms`, {
        cause,
      });
    case undefined:
      return undefined;
  }
}

/**
 * Codes of Node and undici that come before a request can have been sent: name resolution, the TCP connection, the TLS
 * handshake. Other runtimes give no code; then it counts as interrupted, which is never wrong. ECONNRESET is not among
 * them: it comes before and after.
 */
const noConnection =
  /^(ECONNREFUSED|ENOTFOUND|EAI_\w+|EHOSTUNREACH|EHOSTDOWN|ENETUNREACH|ENETDOWN|EADDRNOTAVAIL|UND_ERR_CONNECT_TIMEOUT|CERT_\w+|DEPTH_ZERO_SELF_SIGNED_CERT|SELF_SIGNED_CERT_IN_CHAIN|UNABLE_TO_\w+|ERR_TLS_CERT_ALTNAME_INVALID|ERR_SSL_\w*(CERTIFICATE|UNKNOWN_CA|WRONG_VERSION|UNSUPPORTED_PROTOCOL|HANDSHAKE_FAILURE)\w*)$/;

/** fetch says "fetch failed" and keeps the reason, sometimes several of them, in `cause`. */
function rootOf(error: unknown): { code: string; message: string } {
  let innermost = error;
  for (let depth = 0; depth < 5 && innermost instanceof Error; depth++) {
    const next =
      innermost instanceof AggregateError && innermost.errors.length > 0 ? innermost.errors[0] : innermost.cause;
    if (!(next instanceof Error)) break;
    innermost = next;
  }
  if (!(innermost instanceof Error)) return { code: '', message: String(innermost) };
  const code = 'code' in innermost && typeof innermost.code === 'string' ? innermost.code : '';
  return { code, message: innermost.message || code || innermost.name };
}
