import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type ClusterAccess, findClusterAccess } from '../../src/platform/kubernetes-access.ts';
import type { Upstream } from './api-proxy.ts';

/** The cluster that a run is about, with the log of what it was asked. */
export interface ClusterUnderChaos {
  access: ClusterAccess;
  upstream: Upstream;
  auditLog: string;
  close(): Promise<void>;
}

/** The real one of KUBECONFIG and CLUSTER_AUDIT_LOG; else a sandbox in a process of its own. */
export async function clusterUnderChaos(folder: string): Promise<ClusterUnderChaos> {
  const { KUBECONFIG: paths, CLUSTER_AUDIT_LOG: auditLog } = process.env;
  if (paths) {
    if (!auditLog) throw new Error('CLUSTER_AUDIT_LOG must name the audit log of the cluster of KUBECONFIG');
    return await opened(paths.split(':'), auditLog, async () => undefined);
  }
  const kubeconfig = join(folder, 'sandbox.kubeconfig');
  const log = join(folder, 'audit.log');
  const args = ['src/sandbox/main.ts', '--port', '0', '--empty', '--audit-log', log, '--kubeconfig', kubeconfig];
  const sandbox = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  await once(sandbox.stdout, 'data');
  return await opened([kubeconfig], log, async () => {
    const exit = once(sandbox, 'exit');
    sandbox.kill('SIGTERM');
    await exit;
  });
}

async function opened(paths: string[], auditLog: string, close: () => Promise<void>): Promise<ClusterUnderChaos> {
  const access = await findClusterAccess({ kind: 'kubeconfig', paths }, process.env);
  const { server, authority, certificate, key } = access;
  const [ca, cert, its] = await Promise.all([authority, certificate, key].map(textOf));
  return { access, auditLog, close, upstream: { server, ca, cert, key: its } };
}

async function textOf(material: ClusterAccess['authority']): Promise<string | undefined> {
  if (!material) return undefined;
  return 'text' in material ? material.text : await readFile(material.file, 'utf8');
}
