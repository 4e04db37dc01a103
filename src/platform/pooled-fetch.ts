import { Readable } from 'node:stream';
import { type Dispatcher, request } from 'undici';
import type { FetchResponse } from '../kubernetes/response-body.ts';
import type { Fetch } from '../kubernetes/transport.ts';

/**
 * A fetch over one pool of connections, by undici's `request`: its own fetch makes web streams and header lists for each
 * answer, at 0.38 ms of processor time against 0.16 ms measured for one small GET. Follows no redirect, as is asked.
 */
export function pooledFetch(dispatcher: () => Dispatcher): Fetch {
  return async (url, { method, headers, body, signal }) => {
    // The caller's signal is the deadline; undici's own timers would end a quiet watch.
    const options = { dispatcher: dispatcher(), headers, body, signal, headersTimeout: 0, bodyTimeout: 0 };
    const answer = await request(url, { ...options, method: methodOf(method) });
    return responseOf(answer);
  };
}

function responseOf({ statusCode, headers, body }: Dispatcher.ResponseData): FetchResponse {
  let stream: ReadableStream<Uint8Array> | undefined;
  return {
    status: statusCode,
    headers: {
      get(name) {
        const value = headers[name.toLowerCase()];
        return value === undefined ? null : Array.isArray(value) ? value.join(', ') : value;
      },
    },
    get body() {
      stream ??= asWebStream(body);
      return stream;
    },
    text: () => body.text(),
  };
}

function methodOf(method: string): Dispatcher.HttpMethod {
  switch (method) {
    case 'POST':
    case 'PATCH':
    case 'PUT':
    case 'DELETE':
      return method;
    default:
      return 'GET';
  }
}

/** The same stream under its web interface; only the two declarations of ReadableStream don't know each other. */
function asWebStream(body: Readable): ReadableStream<Uint8Array> {
  return Readable.toWeb(body) as unknown as ReadableStream<Uint8Array>;
}
