import { randomUUID } from 'node:crypto';
import { open, stat } from 'node:fs/promises';
import { inject } from 'vitest';
import { isKubernetesError } from '../../src/kubernetes/errors.ts';
import type { ConnectedCluster } from '../../src/platform/kubernetes-connection.ts';
import { connectTestClient } from './cluster.ts';

/** One finished request, as the API server's own audit log has it. */
export interface AuditEntry {
  verb: string;
  userAgent?: string;
  requestURI: string;
  stage: string;
  requestReceivedTimestamp?: string;
  stageTimestamp?: string;
  objectRef?: { resource: string; namespace?: string; name?: string; subresource?: string; apiGroup?: string };
  responseStatus?: { code: number };
  /** The body of a write; a deletion and an eviction say there that they are dry runs. */
  requestObject?: { dryRun?: string[]; deleteOptions?: { dryRun?: string[] } };
}

export interface Audit {
  /** What the service has asked of the namespace's (or the named) objects since, in order of their ends. */
  requests(filter: AuditFilter): Promise<AuditEntry[]>;
  /** Those of them that write and were not dry runs, as `patch deployments/scale 200`. */
  writes(filter: AuditFilter): Promise<string[]>;
}

export interface AuditFilter {
  namespace?: string;
  name?: string;
  /** How the caller's user agent begins; the service's, if it is not given. */
  userAgent?: string;
}

const writing = new Set(['create', 'update', 'patch', 'delete', 'deletecollection']);

/** Reads the audit log from here on. */
export async function auditFromNow(): Promise<Audit> {
  const path = inject('auditLog');
  if (!path) throw new Error('CLUSTER_AUDIT_LOG must name the audit log of the cluster of KUBECONFIG');
  const { size: before } = await stat(path);
  const from = await sizeOnceWritten(path, before);
  const requests = async ({ namespace, name, userAgent = 'executor-service' }: AuditFilter) => {
    await sizeOnceWritten(path, from);
    const entries = await entriesFrom(path, from);
    return entries.filter(
      (entry) =>
        entry.stage === 'ResponseComplete' &&
        entry.userAgent?.startsWith(userAgent) === true &&
        (namespace === undefined || entry.objectRef?.namespace === namespace) &&
        (name === undefined || entry.objectRef?.name === name),
    );
  };
  return {
    requests,
    writes: async (filter) =>
      (await requests(filter))
        .filter(isWrite)
        .map(({ verb, objectRef, responseStatus }) => `${verb} ${resourceOf(objectRef)} ${responseStatus?.code ?? 0}`),
  };
}

/** What writes, and is no dry run. */
export function isWrite(entry: AuditEntry): boolean {
  return (writing.has(entry.verb) || isCommand(entry)) && !isDryRun(entry) && !isQuestion(entry);
}

/** A WebSocket is opened by a GET; what the command does is anyone's guess. */
function isCommand({ objectRef }: AuditEntry): boolean {
  return objectRef?.resource === 'pods' && objectRef.subresource === 'exec';
}

/** A review is asked by creating it, and kept nowhere. */
function isQuestion({ requestURI }: AuditEntry): boolean {
  return /^\/apis\/auth(orization|entication)\.k8s\.io\//.test(requestURI);
}

function isDryRun({ requestURI, requestObject }: AuditEntry): boolean {
  return (
    requestURI.includes('dryRun=') ||
    [requestObject?.dryRun, requestObject?.deleteOptions?.dryRun].some((modes) => modes?.includes('All'))
  );
}

export function resourceOf(reference: AuditEntry['objectRef']): string {
  if (!reference) return '';
  return reference.subresource ? `${reference.resource}/${reference.subresource}` : reference.resource;
}

let client: Promise<ConnectedCluster> | undefined;

/**
 * An entry is written just after its answer is sent. Asks for something of its own, and waits until that is in the log:
 * then what was answered before is there as well. Gives the size of the log by then.
 */
async function sizeOnceWritten(path: string, from: number): Promise<number> {
  const cluster = await (client ??= connectTestClient());
  const name = `marker-${randomUUID()}`;
  await cluster.get({ apiVersion: 'v1', kind: 'ConfigMap', namespace: 'default', name }).catch((error: unknown) => {
    if (!isKubernetesError(error, 'notFound')) throw error;
  });
  for (const end = performance.now() + 30_000; performance.now() < end;) {
    const entries = await entriesFrom(path, from);
    if (entries.some(({ objectRef }) => objectRef?.name === name)) {
      // Two answers of one moment may be written in the other order.
      await new Promise((resolve) => setTimeout(resolve, 20));
      return (await stat(path)).size;
    }
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  throw new Error(`The audit log ${path} does not tell of what was asked for`);
}

async function entriesFrom(path: string, from: number): Promise<AuditEntry[]> {
  const file = await open(path);
  try {
    const { size } = await file.stat();
    // With the byte before: where the log was being written when its size was read, that is not the end of a line.
    const start = Math.max(0, from - 1);
    const buffer = Buffer.alloc(Math.max(0, size - start));
    await file.read(buffer, 0, buffer.length, start);
    return buffer
      .toString('utf8')
      .split('\n')
      .slice(from > 0 ? 1 : 0)
      .filter((line) => line.endsWith('}'))
      .map((line) => JSON.parse(line) as AuditEntry);
  } finally {
    await file.close();
  }
}
