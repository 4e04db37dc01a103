import type { PassedCall } from './api-proxy.ts';
import { textFrom } from './text-from.ts';

/** A write of the service that took effect, by the API server's own log. */
export interface Mutation {
  auditId: string;
  verb: string;
  resource: string;
  subresource?: string;
  namespace?: string;
  name: string;
  body: Record<string, unknown>;
  code: number;
  received: number;
  answered: number;
  /** How it came there. */
  call: PassedCall;
}

interface Line {
  auditID: string;
  stage: string;
  verb: string;
  userAgent?: string;
  objectRef?: { resource: string; subresource?: string; namespace?: string; name?: string };
  requestURI: string;
  requestObject?: Record<string, unknown>;
  responseStatus?: { code?: number };
  requestReceivedTimestamp: string;
  stageTimestamp: string;
}

const writing = new Set(['create', 'update', 'patch', 'delete', 'deletecollection']);

/** All mutations from this place of the log on that came through the proxies. */
export async function mutationsFrom(
  path: string,
  from: number,
  calls: ReadonlyMap<string, PassedCall>,
): Promise<Mutation[]> {
  const mutations: Mutation[] = [];
  for (const text of (await textFrom(path, from)).split('\n')) {
    if (!text.startsWith('{') || !text.endsWith('}')) continue;
    const line = JSON.parse(text) as Line;
    const call = calls.get(line.auditID);
    const code = line.responseStatus?.code ?? 0;
    if (!call || line.stage !== 'ResponseComplete' || !writing.has(line.verb) || code < 200 || code >= 300) continue;
    if (isDryRun(line) || !line.objectRef) continue;
    const { resource, subresource, namespace, name } = line.objectRef;
    // A review is asked by creating it, and kept nowhere.
    if (resource.endsWith('reviews')) continue;
    const made = line.requestObject?.['metadata'] as { name?: string } | undefined;
    mutations.push({
      auditId: line.auditID,
      verb: line.verb,
      resource,
      ...(subresource ? { subresource } : {}),
      ...(namespace ? { namespace } : {}),
      name: name ?? made?.name ?? '',
      body: line.requestObject ?? {},
      code,
      received: Date.parse(line.requestReceivedTimestamp),
      answered: Date.parse(line.stageTimestamp),
      call,
    });
  }
  return mutations.sort((a, b) => a.received - b.received);
}

function isDryRun({ requestURI, requestObject }: Line): boolean {
  const { dryRun, deleteOptions } = (requestObject ?? {}) as {
    dryRun?: string[];
    deleteOptions?: { dryRun?: string[] };
  };
  return requestURI.includes('dryRun=') || [dryRun, deleteOptions?.dryRun].some((modes) => modes?.includes('All'));
}
