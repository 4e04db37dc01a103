import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Agent, fetch } from 'undici';

import { createCluster } from '../../src/kubernetes/client.ts';
import type { ClusterOptions } from '../../src/kubernetes/client.ts';
import type { Cluster } from '../../src/kubernetes/cluster.ts';
import type { Fetch } from '../../src/kubernetes/transport.ts';

/** What the server does with one request; its body has been read. */
export type Reaction = (response: ServerResponse, request: IncomingMessage & { body: string }) => void;

export interface FaultyServer extends AsyncDisposable {
  readonly url: string;
  /** `GET /api/v1/nodes/a`, in the order of arrival. */
  readonly requests: { line: string; body: string; headers: IncomingMessage['headers'] }[];
  /** Connections that are open now. */
  openSockets(): number;
  /** A cluster behind this server, through a pool of its own. */
  cluster(options?: Partial<ClusterOptions>): Cluster;
}

/** An HTTP server that goes wrong on purpose: reacts to the first request by the first reaction, and so on; the last one stays. */
export async function startFaultyServer(...reactions: Reaction[]): Promise<FaultyServer> {
  const requests: FaultyServer['requests'] = [];
  const agents: Agent[] = [];
  let open = 0;
  // oxlint-disable-next-line typescript/no-misused-promises -- the server of a test; what fails fails the test
  const server = createServer(async (request, response) => {
    let body = '';
    for await (const chunk of request) body += String(chunk);
    const reaction = reactions[Math.min(requests.length, reactions.length - 1)];
    requests.push({ line: `${request.method} ${request.url}`, body, headers: request.headers });
    reaction?.(response, Object.assign(request, { body }));
  });
  server.on('connection', (socket) => {
    open++;
    socket.on('close', () => open--);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${portOf(server.address())}`;

  return {
    url,
    requests,
    openSockets: () => open,
    cluster(options = {}) {
      const agent = new Agent();
      agents.push(agent);
      return createCluster({
        name: 'test',
        server: url,
        fetch: fetchThrough(agent),
        authorize: () => ({}),
        timeoutMs: 5_000,
        retryAttempts: 3,
        random: () => 0,
        ...options,
      });
    },
    async [Symbol.asyncDispose]() {
      await Promise.all(agents.map((agent) => agent.destroy()));
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** undici's fetch over the agent; its declarations of streams are not the global ones. */
function fetchThrough(agent: Agent): Fetch {
  return (url, init) => fetch(url, { ...init, dispatcher: agent }) as unknown as ReturnType<Fetch>;
}

export function json(status: number, body: unknown, headers: Record<string, string> = {}): Reaction {
  return (response) => {
    response.writeHead(status, { 'content-type': 'application/json', ...headers });
    response.end(JSON.stringify(body));
  };
}

export function text(status: number, body: string, headers: Record<string, string> = {}): Reaction {
  return (response) => {
    response.writeHead(status, { 'content-type': 'text/plain', ...headers });
    response.end(body);
  };
}

/** A refusal as the API server words it. */
export function refusal(
  status: number,
  details: Record<string, unknown> = {},
  headers: Record<string, string> = {},
): Reaction {
  return json(
    status,
    { kind: 'Status', apiVersion: 'v1', status: 'Failure', code: status, message: `status ${status}`, ...details },
    headers,
  );
}

/** The request was read, perhaps carried out; the answer never comes. */
export const dropConnection: Reaction = (response) => response.destroy();

/** Half an answer, and the end of the connection. */
export const cutAnswer: Reaction = (response) => {
  response.writeHead(200, { 'content-type': 'application/json', 'content-length': '1000' });
  response.write('{"apiVersion":"v1","ki', () => response.destroy());
};

/** A beginning, and nothing after it. */
export const hangInBody: Reaction = (response) => {
  response.writeHead(200, { 'content-type': 'application/json' });
  response.write('{"apiVersion":"v1",');
};

export const neverAnswer: Reaction = () => {};

function portOf(address: AddressInfo | string | null): number {
  if (typeof address !== 'object' || address === null) throw new Error('the server listens on no port');
  return address.port;
}
