import { once } from 'node:events';
import { createServer, type IncomingMessage, request as plainRequest, type ServerResponse } from 'node:http';
import { Agent, request as tlsRequest } from 'node:https';
import { buffer } from 'node:stream/consumers';
import { setImmediate as nextRound, setTimeout as sleep } from 'node:timers/promises';
import type { ApiFault } from './faults.ts';
import type { Chance } from './seeded.ts';

/** Where the API server is, and who asks it. */
export interface Upstream {
  server: string;
  ca?: string | undefined;
  cert?: string | undefined;
  key?: string | undefined;
}

/** One call of a replica, as it passed here. The audit log has it under the same id. */
export interface PassedCall {
  auditId: string;
  replica: number;
  traceId: string | undefined;
  method: string;
  path: string;
  at: number;
  fault: ApiFault | undefined;
}

export interface ApiProxy {
  url: string;
  /** A share of the calls meets this fault, until it is taken away by `undefined`. */
  weather(fault: ApiFault | undefined, of?: { share: number; writesOnly: boolean }): void;
  calls: PassedCall[];
  close(): Promise<void>;
}

/** Shorter than a call may take, so that nothing is delivered after its lease. */
const delayMs = 900;

/**
 * The way of one replica to the API server: speaks plain HTTP with the one and TLS with the other, gives each call an id
 * that the audit log keeps (`Audit-ID`), and lets some of them go wrong.
 */
export async function createApiProxy(
  replica: number,
  { upstream, run, chance }: { upstream: Upstream; run: string; chance: Chance },
): Promise<ApiProxy> {
  const target = new URL(upstream.server);
  const agent = target.protocol === 'https:' ? new Agent({ keepAlive: true, ...upstream }) : undefined;
  const calls: PassedCall[] = [];
  let fault: ApiFault | undefined;
  let share = 1;
  let writesOnly = false;

  const befalls = (method: string | undefined): ApiFault | undefined => {
    if (!fault || fault === 'api_cut') return fault;
    const isRead = method === 'GET' || method === 'HEAD';
    return (isRead && writesOnly) || !chance.often(share) ? undefined : fault;
  };
  const server = createServer((from, back) => {
    pass(from, back).catch(() => back.destroy());
  });
  async function pass(from: IncomingMessage, back: ServerResponse): Promise<void> {
    const its = befalls(from.method);
    const auditId = `${run}-r${replica}-${calls.length}`;
    const traceId = /^00-([0-9a-f]{32})-/.exec(String(from.headers['traceparent'] ?? ''))?.[1];
    calls.push({
      auditId,
      replica,
      traceId,
      method: from.method ?? '',
      path: from.url ?? '',
      at: Date.now(),
      fault: its,
    });
    const body = await buffer(from);
    switch (its) {
      case 'api_cut':
      case 'api_drop_before':
        back.destroy();
        return;
      case 'api_hang':
        await once(back, 'close');
        return;
      case 'api_429':
      case 'api_500':
      case 'api_503':
        answerFault(back, Number(its.slice(4)));
        return;
      case 'api_delay':
        await sleep(delayMs);
        if (back.destroyed) return;
        break;
      default:
        // Were this process late, it would deliver what its sender has given up already.
        await nextRound();
        if (back.destroyed) return;
    }
    const answer = await forward(from, body, { auditId, back, keeps: its !== undefined && its.endsWith('_after') });
    if (its === 'api_drop_after' || its === 'api_hang_after' || its === 'api_500_after') {
      // Done, and nobody is told.
      await buffer(answer);
      if (its === 'api_500_after') answerFault(back, 500);
      else if (its === 'api_drop_after') back.destroy();
      else if (!back.destroyed) await once(back, 'close');
      return;
    }
    back.writeHead(answer.statusCode ?? 502, answer.headers);
    back.flushHeaders();
    answer.pipe(back);
    answer.on('error', () => back.destroy());
  }
  async function forward(
    from: IncomingMessage,
    body: Buffer,
    { auditId, back, keeps }: { auditId: string; back: ServerResponse; keeps: boolean },
  ): Promise<IncomingMessage> {
    const { host: _, connection: __, 'transfer-encoding': ___, ...headers } = from.headers;
    const options = {
      host: target.hostname,
      port: target.port,
      path: from.url,
      method: from.method,
      headers: {
        ...headers,
        'audit-id': auditId,
        'user-agent': `${headers['user-agent'] ?? ''} (replica ${replica})`,
        ...(body.length > 0 ? { 'content-length': body.length } : {}),
      },
    };
    const out = agent ? tlsRequest({ ...options, agent }) : plainRequest(options);
    // Who asked has gone: a watch, or a call that was given up.
    if (!keeps) back.once('close', () => out.destroy());
    const answered = once(out, 'response');
    out.end(body);
    const [answer] = (await answered) as [IncomingMessage];
    return answer;
  }
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  return {
    url: `http://127.0.0.1:${typeof address === 'object' && address ? address.port : 0}`,
    weather(next, of = { share: 1, writesOnly: false }) {
      fault = next;
      ({ share, writesOnly } = of);
      // Watches that stand are broken as well.
      if (next === 'api_cut') server.closeAllConnections();
    },
    calls,
    async close() {
      server.close();
      server.closeAllConnections();
      agent?.destroy();
      await once(server, 'close');
    },
  };
}

const reasons: Record<number, string> = { 429: 'TooManyRequests', 500: 'InternalError', 503: 'ServiceUnavailable' };

function answerFault(back: ServerResponse, code: number): void {
  if (back.destroyed) return;
  back.writeHead(code, { 'content-type': 'application/json', ...(code === 500 ? {} : { 'retry-after': '1' }) });
  back.end(
    JSON.stringify({
      kind: 'Status',
      apiVersion: 'v1',
      metadata: {},
      status: 'Failure',
      reason: reasons[code],
      message: 'put in the way on purpose',
      code,
    }),
  );
}
