import { createHash } from 'node:crypto';
import { createServer } from 'node:http';
import type { IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { Agent, fetch } from 'undici';
import { createCluster } from '../../src/kubernetes/client.ts';
import type { ClusterOptions } from '../../src/kubernetes/client.ts';
import type { Cluster } from '../../src/kubernetes/cluster.ts';
import type { Fetch } from '../../src/kubernetes/transport.ts';
import { pooledConnect } from '../../src/platform/pooled-connect.ts';

/** What the server does with one request for a WebSocket. */
export type Session = (socket: Duplex, request: IncomingMessage) => void;

export interface ExecServer extends AsyncDisposable {
  /** The requests for a WebSocket, in the order of arrival. */
  readonly requests: IncomingMessage[];
  readonly closed: Promise<void>;
  cluster(options?: Partial<ClusterOptions>): Cluster;
}

/** A server of commands that goes wrong on purpose: the first request gets the first session, and so on; the last stays. */
export async function startExecServer(...sessions: Session[]): Promise<ExecServer> {
  const requests: IncomingMessage[] = [];
  const agent = new Agent();
  const server = createServer((_request, response) => response.writeHead(404).end());
  const closed = Promise.withResolvers<void>();
  const open = new Set<Duplex>();
  server.on('upgrade', (request, socket: Duplex) => {
    const session = sessions[Math.min(requests.length, sessions.length - 1)];
    requests.push(request);
    socket.on('error', () => undefined);
    open.add(socket);
    socket.on('end', () => socket.end());
    socket.on('close', () => closed.resolve());
    session?.(socket, request);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    requests,
    closed: closed.promise,
    cluster: (options = {}) =>
      createCluster({
        name: 'test',
        server: `http://127.0.0.1:${port}`,
        fetch: ((url, init) => fetch(url, { ...init, dispatcher: agent })) as Fetch,
        connect: pooledConnect(() => agent),
        authorize: () => ({ authorization: 'Bearer secret-token' }),
        timeoutMs: 5_000,
        retryAttempts: 3,
        random: () => 0,
        ...options,
      }),
    async [Symbol.asyncDispose]() {
      await agent.destroy();
      for (const socket of open) socket.destroy();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** Opens the WebSocket, sends these messages (channel and content), and leaves it open. */
export function speaks(messages: readonly [channel: number, content: string | Buffer][], protocol?: string): Session {
  return (socket, request) => {
    accept(socket, request, protocol);
    for (const [channel, content] of messages) {
      socket.write(frame(Buffer.concat([Buffer.from([channel]), Buffer.from(content)])));
    }
  };
}

/** Answers without opening anything. */
export function answers(status: number, body: unknown, headers: Record<string, string> = {}): Session {
  return (socket) => {
    const text = JSON.stringify(body);
    const lines = Object.entries({ 'content-type': 'application/json', 'content-length': text.length, ...headers });
    socket.end(
      `HTTP/1.1 ${status} Answer\r\n${lines.map(([key, value]) => `${key}: ${value}\r\n`).join('')}\r\n${text}`,
    );
  };
}

/** Opens the WebSocket; answers the client's close. */
export function accept(socket: Duplex, request: IncomingMessage, protocol = 'v5.channel.k8s.io'): void {
  socket.on('data', (bytes: Buffer) => {
    if (((bytes[0] ?? 0) & 0x0f) === 8) socket.end(closeFrame);
  });
  const digest = createHash('sha1')
    .update(`${request.headers['sec-websocket-key']}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`)
    .digest('base64');
  const head = ['HTTP/1.1 101 Switching Protocols', 'Upgrade: websocket', 'Connection: Upgrade'];
  socket.write(
    [...head, `Sec-WebSocket-Accept: ${digest}`, `Sec-WebSocket-Protocol: ${protocol}`, '', ''].join('\r\n'),
  );
}

/** An orderly close, code 1000. */
export const closeFrame = Buffer.from([0x88, 2, 0x03, 0xe8]);

/** One binary message; a server masks nothing. */
function frame(content: Buffer): Buffer {
  const long = content.byteLength > 125;
  const head = Buffer.alloc(long ? 4 : 2);
  head[0] = 0x82;
  head[1] = long ? 126 : content.byteLength;
  if (long) head.writeUInt16BE(content.byteLength, 2);
  return Buffer.concat([head, content]);
}
