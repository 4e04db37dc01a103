import { randomUUID } from 'node:crypto';
import { stat } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Cluster } from '../../src/kubernetes/cluster.ts';
import { isKubernetesError } from '../../src/kubernetes/errors.ts';
import { textFrom } from './text-from.ts';

const mostMs = 20_000;

/**
 * An entry of the audit log is written just after its answer is sent. Asks for something of its own, and comes back once
 * that is in the log: then what was answered before is there as well.
 */
export async function onceWritten(cluster: Cluster, auditLog: string): Promise<void> {
  const { size: from } = await stat(auditLog);
  const name = `marker-${randomUUID()}`;
  await cluster.get({ apiVersion: 'v1', kind: 'ConfigMap', namespace: 'default', name }).catch((error: unknown) => {
    if (!isKubernetesError(error, 'notFound')) throw error;
  });
  for (const end = performance.now() + mostMs; performance.now() < end; await sleep(50)) {
    if ((await textFrom(auditLog, from)).includes(name)) {
      // Two answers of one moment may be written in the other order.
      await sleep(100);
      return;
    }
  }
  throw new Error(`${auditLog} does not say after ${mostMs / 1000} s that ${name} was asked for`);
}
