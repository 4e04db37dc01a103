import { randomUUID } from 'node:crypto';
import { type WriteStream, createWriteStream, mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { once } from 'node:events';
import type { Target } from './request.ts';

/** One request as the log tells it. */
export interface Audited {
  id: string;
  verb: string;
  requestUri: string;
  userAgent: string;
  target?: Target;
  /** The body of a write. */
  body?: string;
  received: Date;
}

/** Writes audit.k8s.io/v1 events, one JSON line each, in the shape of the API server's own log. */
export interface AuditLog {
  record(request: Audited, stage: 'ResponseStarted' | 'ResponseComplete', code: number, now: Date): void;
  close(): Promise<void>;
}

export function openAuditLog(path: string): AuditLog {
  mkdirSync(dirname(path), { recursive: true });
  const stream: WriteStream = createWriteStream(path, { flags: 'a' });
  return {
    record(request, stage, code, now) {
      stream.write(`${JSON.stringify(eventOf(request, stage, code, now))}\n`);
    },
    async close() {
      stream.end();
      await once(stream, 'close');
    },
  };
}

/** The verb as Kubernetes counts it. */
export function verbOf(method: string, target: Target | undefined, watching: boolean): string {
  const single = target === undefined || target.name !== undefined;
  if (method === 'GET') return watching ? 'watch' : single ? 'get' : 'list';
  if (method === 'POST') return 'create';
  if (method === 'PUT') return 'update';
  if (method === 'PATCH') return 'patch';
  return single ? 'delete' : 'deletecollection';
}

export function newAuditId(): string {
  return randomUUID();
}

function eventOf(request: Audited, stage: string, code: number, now: Date): unknown {
  const { target, body } = request;
  return {
    kind: 'Event',
    apiVersion: 'audit.k8s.io/v1',
    level: body ? 'Request' : 'Metadata',
    auditID: request.id,
    stage,
    requestURI: request.requestUri,
    verb: request.verb,
    user: { username: 'admin', groups: ['system:masters', 'system:authenticated'] },
    sourceIPs: ['127.0.0.1'],
    userAgent: request.userAgent,
    ...(target ? { objectRef: objectReference(target) } : {}),
    responseStatus: { metadata: {}, code },
    ...(body ? { requestObject: parsed(body) } : {}),
    requestReceivedTimestamp: request.received.toISOString(),
    stageTimestamp: now.toISOString(),
  };
}

function objectReference({ kind, namespace, name, subresource }: Target): unknown {
  return {
    resource: kind.plural,
    ...(namespace === undefined ? {} : { namespace }),
    ...(name === undefined ? {} : { name }),
    ...(kind.group ? { apiGroup: kind.group } : {}),
    apiVersion: kind.version,
    ...(subresource === undefined ? {} : { subresource }),
  };
}

/** What does not parse was refused; the log keeps it as text. */
function parsed(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return body;
  }
}
