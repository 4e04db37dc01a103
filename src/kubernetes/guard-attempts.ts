import type { ApiRequest } from './api-request.ts';
import { type Circuit, createCircuit, type OpenCircuit } from './circuit.ts';
import { circuitOpenError, connectionError } from './connection-error.ts';
import { type Deadline, startDeadline } from './deadline.ts';
import type { KubernetesError } from './errors.ts';
import { readBody } from './response-body.ts';
import type { ConnectResponse } from './socket.ts';
import { tellsOfServer } from './tells-of-server.ts';
import { untilAborted } from './until-aborted.ts';

/** Sends once. Never rejects. */
type Attempt = <T>(
  request: ApiRequest,
  deadline: Deadline,
  read: (response: ConnectResponse) => Promise<T>,
  which: WhichAttempt,
) => Promise<Outcome<T>>;

export interface WhichAttempt {
  attempt: number;
  /** Whether the credentials are to be read anew. */
  refresh: boolean;
}

/** Status 0: there was no answer. */
export type Outcome<T> = { status: number; value: T; error?: undefined } | { status: number; error: KubernetesError };

export interface GuardOptions {
  server: string;
  timeoutMs: number;
  random: () => number;
  onCircuit?: ((open: OpenCircuit | undefined) => void) | undefined;
}

/** Attempts behind a circuit: each tells it how the server is, and none is sent while it is open. */
export function guardAttempts(
  send: Attempt,
  { server, timeoutMs, random, onCircuit = () => undefined }: GuardOptions,
): { attempt: Attempt; state: Circuit['state'] } {
  const circuit = createCircuit({ probe, onChange: onCircuit, random });

  return {
    state: () => circuit.state(),

    async attempt(request, deadline, read, which) {
      const refusal = await refusalOf(request, deadline);
      if (refusal) return { status: 0, error: refusal };
      const startedMs = performance.now();
      const outcome = await send(request, deadline, read, which);
      const telling = tellsOfServer(request, outcome.error, {
        ranOut: deadline.ended() === 'deadline',
        lastedMs: performance.now() - startedMs,
        timeoutMs,
      });
      circuit.note(telling, outcome.error?.message ?? '');
      return outcome;
    },
  };

  /** Why it is not sent; settled at once but while the server is being tried. */
  function refusalOf(
    request: ApiRequest,
    deadline: Deadline,
  ): KubernetesError | undefined | Promise<KubernetesError | undefined> {
    const told = (open: OpenCircuit | undefined) => open && circuitOpenError(request, open, { server });
    const admitted = circuit.admit();
    if (!(admitted instanceof Promise)) return told(admitted);
    const ended = (error: unknown) => connectionError(request, error, { server, deadline });
    return untilAborted(admitted, deadline.signal).then(told, ended);
  }

  /** Whether the server is well, in its own words: its store included. Where there is no such path it has answered too. */
  async function probe() {
    const request: ApiRequest = { verb: 'get', method: 'GET', path: '/readyz', accept: '*/*' };
    const deadline = startDeadline(Math.min(probeTimeoutMs, timeoutMs), undefined);
    const read = (response: ConnectResponse) => readBody(response, largestProbeBytes);
    const { error } = await send(request, deadline, read, { attempt: 1, refresh: false });
    deadline.release();
    return tellsOfServer(request, error, { ranOut: false, lastedMs: 0, timeoutMs: 0 });
  }
}

/** A healthy server says so in milliseconds; whoever waits for the probe waits no longer than this. */
const probeTimeoutMs = 2_000;
const largestProbeBytes = 1024 * 1024;
