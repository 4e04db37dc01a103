import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Readable } from 'node:stream';
import type { ClusterAccess } from '../../src/platform/kubernetes-access.ts';
import { openKubernetesCredentials } from '../../src/platform/kubernetes-credentials.ts';
import { accessUnderTest } from './cluster.ts';

/** What becomes of one request on its way: `drop` before it arrives, `dropAfter` once it was carried out. */
export type Fault =
  | 'drop'
  | 'dropAfter'
  | 'truncate'
  | 'hang'
  | { status: number; body?: unknown; html?: string; headers?: Record<string, string> };

/** The cluster under test behind an address that goes wrong on purpose: real sockets, real answers. */
export interface ApiProxy {
  access: ClusterAccess;
  /** `PATCH /apis/apps/v1/…`, as they arrived. */
  requests: string[];
  /** Asked for each request; undefined lets it through. */
  fault: (line: string, authorization: string | undefined) => Fault | undefined;
  /** Nobody listens any more; open connections break. */
  down(): Promise<void>;
  up(): Promise<void>;
  close(): Promise<void>;
}

export async function startApiProxy(access: Partial<ClusterAccess> = {}): Promise<ApiProxy> {
  const real = await accessUnderTest();
  const credentials = await openKubernetesCredentials(real, { environment: process.env });
  const requests: string[] = [];
  let port = 0;

  // oxlint-disable-next-line typescript/no-misused-promises -- what fails on the way breaks the connection, as it should
  const server = createServer(async (request, response) => {
    try {
      await pass(request, response);
    } catch {
      response.destroy();
    }
  });
  const pass = async (request: IncomingMessage, response: ServerResponse) => {
    let body = '';
    for await (const chunk of request) body += String(chunk);
    const line = `${request.method} ${request.url}`;
    requests.push(line);
    const fault = proxy.fault(line, request.headers.authorization);
    if (fault === 'hang') return;
    if (fault === 'drop') return void response.destroy();
    if (typeof fault === 'object') return answer(response, fault);

    const ended = new AbortController();
    response.on('close', () => ended.abort());
    const given = await credentials.fetch(`${real.server}${request.url}`, {
      method: request.method ?? 'GET',
      headers: { ...passedOn(request), ...(await credentials.authorize()) },
      ...(body === '' ? {} : { body }),
      // What was dropped is carried out all the same.
      signal: fault === 'dropAfter' ? new AbortController().signal : ended.signal,
      redirect: 'manual',
    });
    if (fault === 'dropAfter' || fault === 'truncate') {
      const text = await given.text();
      if (fault === 'dropAfter') return void response.destroy();
      response.writeHead(given.status, { 'content-type': 'application/json', 'content-length': text.length });
      response.write(text.slice(0, text.length / 2), () => response.destroy());
      return;
    }
    const type = given.headers.get('content-type');
    response.writeHead(given.status, type ? { 'content-type': type } : {});
    response.flushHeaders();
    if (!given.body) return void response.end();
    Readable.fromWeb(given.body as never)
      .on('error', () => response.destroy())
      .pipe(response);
  };
  const listen = () => new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  const down = async () => {
    const closed = new Promise((resolve) => server.close(resolve));
    server.closeAllConnections();
    await closed;
  };

  await listen();
  port = (server.address() as AddressInfo).port;
  const proxy: ApiProxy = {
    access: { name: real.name, server: `http://127.0.0.1:${port}`, skipTlsVerify: false, ...access },
    requests,
    fault: () => undefined,
    down,
    up: listen,
    async close() {
      if (server.listening) await down();
      await credentials.close();
    },
  };
  return proxy;
}

function passedOn({ headers }: IncomingMessage): Record<string, string> {
  const names = ['accept', 'content-type', 'user-agent', 'traceparent'];
  return Object.fromEntries(names.flatMap((name) => (headers[name] ? [[name, String(headers[name])]] : [])));
}

function answer(response: ServerResponse, { status, body, html, headers = {} }: Exclude<Fault, string>): void {
  const type = html === undefined ? 'application/json' : 'text/html';
  response.writeHead(status, { 'content-type': type, ...headers });
  response.end(html ?? JSON.stringify(body ?? { kind: 'Status', code: status, message: `status ${status}` }));
}
