import { answerError } from './answer-error.ts';
import { callOf, describeRequest, isWrite } from './api-request.ts';
import type { ApiRequest } from './api-request.ts';
import type { Circuit, OpenCircuit } from './circuit.ts';
import { connectionError, endedError } from './connection-error.ts';
import type { Deadline } from './deadline.ts';
import { KubernetesError } from './errors.ts';
import { guardAttempts, type Outcome, type WhichAttempt } from './guard-attempts.ts';
import { BodyTooLargeError, readBody } from './response-body.ts';
import type { FetchResponse } from './response-body.ts';
import { pause, retryDelayMs } from './retry.ts';
import type { Connect, ConnectResponse } from './socket.ts';
import type { TransportObserver } from './transport-observer.ts';
import { untilAborted } from './until-aborted.ts';

/** What is asked of a fetch: undici's with the shared pool, a platform's own, or a test's that fails on purpose. */
export type Fetch = (
  url: string,
  init: {
    method: string;
    headers: Record<string, string>;
    body?: string;
    signal: AbortSignal;
    redirect: 'manual';
  },
) => Promise<FetchResponse>;

/**
 * The headers that authenticate a request. Called before each attempt, so it should answer from memory; with `refresh` after
 * a 401, when what it remembers is no longer good.
 */
export type Authorize = (options?: { refresh?: boolean }) => Promise<Record<string, string>> | Record<string, string>;

export interface TransportOptions {
  name: string;
  /** The API server's address, a path in front included (`https://host/k8s/clusters/c-1`). */
  server: string;
  fetch: Fetch;
  /** Opens WebSockets; absent where the platform has none. */
  connect?: Connect | undefined;
  authorize: Authorize;
  /** Of one call, retries included. */
  timeoutMs: number;
  /** How often a failed call is sent again, at most. */
  retryAttempts: number;
  observe?: TransportObserver;
  /** Told when calls are kept back from a server that fails (with the reason), and when they are sent again (undefined). */
  onCircuit?: ((open: OpenCircuit | undefined) => void) | undefined;
  userAgent: string;
  random: () => number;
}

/** Sends until it is answered, refused, or the deadline leaves no time to try again. Throws KubernetesError. */
export type Send = <T>(
  request: ApiRequest,
  deadline: Deadline,
  read: (response: ConnectResponse) => Promise<T>,
) => Promise<T>;

export interface Transport {
  send: Send;
  circuit: Pick<Circuit, 'state'>;
}

/**
 * The one way to the API server: every request passes here, so that authorising, observing, retrying and keeping away from
 * a server that fails are written once.
 */
export function createTransport(options: TransportOptions): Transport {
  const { fetch, authorize, observe, server } = options;
  const guarded = guardAttempts(sendObserved, options);
  return { send, circuit: guarded };

  async function send<T>(
    request: ApiRequest,
    deadline: Deadline,
    read: (response: ConnectResponse) => Promise<T>,
  ): Promise<T> {
    let refreshed = false;
    let refresh = false;
    let retries = 0;
    for (let attempt = 1; ; attempt++) {
      const outcome: Outcome<T> = await guarded.attempt(request, deadline, read, { attempt, refresh });
      if (outcome.error === undefined) return outcome.value;

      const error: KubernetesError = outcome.error;
      refresh = error.status === 401 && !refreshed;
      if (refresh) {
        refreshed = true;
        continue;
      }
      const delayMs =
        retries < options.retryAttempts
          ? retryDelayMs(error, { write: isWrite(request), retries, random: options.random })
          : undefined;
      // The server's own answer is worth more to the caller than a wait that ends in nothing.
      if (delayMs === undefined || delayMs >= deadline.remainingMs()) throw error;
      retries++;
      await pause(delayMs, deadline.signal);
      const ended = endedError(request, deadline, error);
      if (ended) throw ended;
    }
  }

  async function sendObserved<T>(
    request: ApiRequest,
    deadline: Deadline,
    read: (response: ConnectResponse) => Promise<T>,
    { attempt, refresh }: WhichAttempt,
  ): Promise<Outcome<T>> {
    const url = server + request.path;
    try {
      const credentials = await credentialsFor(request, deadline, refresh);
      if (!observe) return await sendOnce(request, url, credentials, deadline, read);
      const call = { cluster: options.name, url, attempt, ...callOf(request) };
      return await observe(call, (headers) =>
        sendOnce(request, url, headers ? { ...headers, ...credentials } : credentials, deadline, read),
      );
    } catch (error) {
      return { status: 0, error: broken(request, error, deadline) };
    }
  }

  async function sendOnce<T>(
    request: ApiRequest,
    url: string,
    headers: Record<string, string>,
    deadline: Deadline,
    read: (response: ConnectResponse) => Promise<T>,
  ): Promise<Outcome<T>> {
    try {
      const response = request.protocols
        ? await openSocket(request, request.protocols, url, headers, deadline)
        : await fetch(url, {
            method: request.method,
            headers: {
              accept: request.accept ?? 'application/json',
              'user-agent': options.userAgent,
              ...(request.contentType === undefined ? undefined : { 'content-type': request.contentType }),
              ...headers,
            },
            ...(request.body === undefined ? undefined : { body: request.body }),
            signal: deadline.signal,
            // A redirect is a login page or a wrong address; following it would carry the credentials there.
            redirect: 'manual',
          });
      const { status } = response;
      const succeeded = request.protocols ? status === 101 : status >= 200 && status < 300;
      if (succeeded) return { status, value: await read(response) };
      return { status, error: await readError(request, response) };
    } catch (error) {
      throw broken(request, error, deadline);
    }
  }

  async function openSocket(
    request: ApiRequest,
    protocols: readonly string[],
    url: string,
    headers: Record<string, string>,
    deadline: Deadline,
  ): Promise<ConnectResponse> {
    if (!options.connect) {
      throw new KubernetesError('notSupported', `${describeRequest(request)}: this runtime opens no WebSockets`);
    }
    const { signal } = deadline;
    return await options.connect(url, { headers: { 'user-agent': options.userAgent, ...headers }, protocols, signal });
  }

  /** A plug-in that hangs must not outlast the call. */
  async function credentialsFor(
    request: ApiRequest,
    deadline: Deadline,
    refresh: boolean,
  ): Promise<Record<string, string>> {
    if (deadline.ended()) throw new Error('over before it was sent');
    const credentials = refresh ? authorize({ refresh: true }) : authorize();
    if (!(credentials instanceof Promise)) return credentials;
    try {
      return await untilAborted(credentials, deadline.signal);
    } catch (error) {
      if (deadline.ended() || error instanceof KubernetesError) throw error;
      const reason = error instanceof Error ? error.message : String(error);
      throw new KubernetesError(
        'unauthorized',
        `${describeRequest(request)}: no credentials for ${server}: ${reason}`,
        {
          cause: error,
        },
      );
    }
  }

  function broken(request: ApiRequest, error: unknown, deadline: Deadline): KubernetesError {
    if (error instanceof BodyTooLargeError) {
      return new KubernetesError(
        isWrite(request) ? 'interrupted' : 'serverError',
        `${describeRequest(request)}: ${error.message}`,
        { cause: error },
      );
    }
    return connectionError(request, error, { server, deadline });
  }
}

/** A Status is small; what is longer is no Status. */
const largestErrorBytes = 1024 * 1024;

async function readError(request: ApiRequest, response: FetchResponse): Promise<KubernetesError> {
  let text = '';
  try {
    text = await readBody(response, largestErrorBytes);
  } catch (error) {
    if (!(error instanceof BodyTooLargeError)) throw error;
  }
  return answerError(request, {
    status: response.status,
    text,
    contentType: response.headers.get('content-type'),
    retryAfter: response.headers.get('retry-after'),
  });
}
