import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Sandbox, startSandbox } from '../../src/sandbox/start.ts';
import { type AuditEntry, isWrite } from '../support/audit.ts';
import { staticCallers } from '../http/static-callers.ts';
import { type Service, startService } from '../support/service.ts';
import { type AskedOfCluster, askedOfCluster } from '../support/written.ts';

/** A service that anything may be sent to, on a cluster of its own, with something in its history. */
export interface Arena {
  service: Service;
  asked: AskedOfCluster;
  tokens: Record<'admin' | 'operator' | 'viewer' | 'expired', string>;
  /** Executions that there are: done, dry, failed, in the queue. */
  executions: readonly string[];
  /** The writes of the service that the cluster's own audit log has. */
  writesInAudit(): Promise<number>;
  close(): Promise<void>;
}

export const home = 'production';

export async function openArena(): Promise<Arena> {
  const folder = await mkdtemp(join(tmpdir(), 'arena-'));
  const auditLog = join(folder, 'audit.log');
  const sandbox: Sandbox = await startSandbox({ log: () => {}, auditLog });
  const asked = askedOfCluster();
  const { env, tokens } = staticCallers({
    admin: { role: 'admin' },
    operator: { role: 'operator', namespaces: [home] },
    viewer: { role: 'viewer' },
    expired: { role: 'admin', expired: true },
  });
  const service = await startService({
    access: { name: 'sandbox', server: sandbox.url, skipTlsVerify: false },
    faults: asked.note,
    env: {
      ...env,
      // What waits, waits no longer than a test can.
      EXECUTOR_ACTIONS_EXECUTION_TIMEOUT: '2s',
      EXECUTOR_ACTIONS_WAIT_FOR_SLOT: '1s',
      EXECUTOR_RATE_LIMIT_REQUESTS: '1000000',
    },
  });
  return {
    service,
    asked,
    tokens,
    executions: await history(service, tokens.admin),
    async writesInAudit() {
      const lines = (await readFile(auditLog, 'utf8')).split('\n').filter((line) => line.endsWith('}'));
      return lines.map(entryOf).filter(isWriteOfService).length;
    },
    async close() {
      await service.close();
      await sandbox.close();
      await rm(folder, { recursive: true });
    },
  };
}

function entryOf(line: string): AuditEntry {
  return JSON.parse(line);
}

function isWriteOfService(entry: AuditEntry): boolean {
  const question = /^(authentication|authorization)\.k8s\.io$/.test(entry.objectRef?.apiGroup ?? '');
  return (
    entry.stage === 'ResponseComplete' &&
    entry.userAgent?.startsWith('executor-service') === true &&
    !question &&
    isWrite(entry)
  );
}

async function history(service: Service, token: string): Promise<string[]> {
  const scale = (id: string, name: string, more: object, headers: Record<string, string> = {}) =>
    service.post(
      '/api/v1/execute',
      {
        action_id: id,
        action: 'scale_deployment',
        parameters: { namespace: home, resource_name: name, replicas: 4 },
        ...more,
      },
      { authorization: `Bearer ${token}`, ...headers },
    );
  await scale('done', 'web-server', {});
  await scale('dry', 'web-server', { dry_run: true });
  // Its pods crash.
  await scale('failed', 'payments', { timeout: '1s' });
  await scale('queued', 'api', { not_before: '2090-01-01T00:00:00Z' }, { prefer: 'respond-async' });
  return ['done', 'dry', 'failed', 'queued'];
}
