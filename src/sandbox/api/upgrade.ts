import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { createContainers } from '../exec/containers.ts';
import type { Store } from '../store/store.ts';
import { type AuditLog, newAuditId } from './audit.ts';
import { execTarget, execute, protocolOf } from './exec.ts';
import { type Target, parsePath } from './request.ts';
import { StatusError } from './status-error.ts';

/** Answers requests that ask for another protocol: `exec` of a pod by WebSocket, and nothing else. */
export function createUpgrade(given: {
  store: Store;
  closing: AbortSignal;
  audit?: AuditLog;
  log: (message: string) => void;
}): (request: IncomingMessage, socket: Duplex, head: Buffer) => void {
  const { store, closing, audit, log } = given;
  const containers = createContainers(store);
  closing.addEventListener('abort', () => containers.close());
  return (request, socket, head) => {
    const destroy = (): void => void socket.destroy();
    closing.addEventListener('abort', destroy);
    socket.once('close', () => closing.removeEventListener('abort', destroy));
    socket.on('error', destroy);
    serve(request, socket, head).catch((error: unknown) => {
      log(`sandbox: ${error instanceof Error ? error.stack : String(error)}`);
      destroy();
    });
  };

  async function serve(request: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
    const url = new URL(request.url ?? '/', 'http://sandbox');
    const received = store.now();
    let target: Target | undefined;
    const told = (stage: 'ResponseStarted' | 'ResponseComplete', code: number): void =>
      audit?.record(
        {
          id,
          verb: 'get',
          requestUri: url.pathname + url.search,
          userAgent: request.headers['user-agent'] ?? '',
          received,
          ...(target ? { target } : {}),
        },
        stage,
        code,
        store.now(),
      );
    const id = newAuditId();
    try {
      target = parsePath(store, url.pathname);
      const isWebSocket = request.headers.upgrade?.toLowerCase() === 'websocket' && request.method === 'GET';
      if (target?.kind.plural !== 'pods' || target.subresource !== 'exec' || !isWebSocket)
        throw new StatusError(400, 'BadRequest', 'Upgrade request required');
      const found = execTarget(store, target, url.searchParams);
      const protocol = protocolOf(request);
      if (protocol === undefined) {
        told('ResponseComplete', 403);
        return void socket.end('HTTP/1.1 403 Forbidden\r\nConnection: close\r\n\r\n');
      }
      told('ResponseStarted', 101);
      await execute(containers, found, url.searchParams, { request, socket, head, protocol });
      told('ResponseComplete', 101);
    } catch (error) {
      if (!(error instanceof StatusError)) throw error;
      told('ResponseComplete', error.status.code);
      refuse(socket, error);
    }
  }
}

function refuse(socket: Duplex, { status }: StatusError): void {
  const body = JSON.stringify(status);
  const lines = [
    `HTTP/1.1 ${status.code} ${status.reason ?? 'Error'}`,
    'Content-Type: application/json',
    `Content-Length: ${Buffer.byteLength(body)}`,
    'Connection: close',
  ];
  socket.end(`${lines.join('\r\n')}\r\n\r\n${body}`);
}
