import type { FetchResponse } from '../../src/kubernetes/response-body.ts';
import type { Fetch } from '../../src/kubernetes/transport.ts';

/** What has gone over the wire to the API server since the last reset. */
export interface Traffic {
  calls: number;
  /** Of the answers' bodies. */
  bytes: number;
}

/** Counts what a replica asks of the API server; hand `count` in as its `faults`. */
export function countTraffic(): { traffic: Traffic; count: (send: Fetch) => Fetch } {
  const traffic: Traffic = { calls: 0, bytes: 0 };
  const count =
    (send: Fetch): Fetch =>
    async (url, init) => {
      traffic.calls += 1;
      return counted(await send(url, init), (bytes) => (traffic.bytes += bytes));
    };
  return { traffic, count };
}

function counted(response: FetchResponse, add: (bytes: number) => void): FetchResponse {
  let body: FetchResponse['body'] | undefined;
  return {
    status: response.status,
    headers: response.headers,
    get body() {
      // A stream can be tapped once, however often it is asked for.
      body ??= tapped(response.body, add);
      return body;
    },
    async text() {
      const text = await response.text();
      add(Buffer.byteLength(text));
      return text;
    },
  };
}

function tapped(body: FetchResponse['body'], add: (bytes: number) => void): FetchResponse['body'] {
  if (body === null) return null;
  return body.pipeThrough(
    new TransformStream<Uint8Array, Uint8Array>({
      transform(chunk, controller) {
        add(chunk.byteLength);
        controller.enqueue(chunk);
      },
    }),
  );
}
