import { execFile } from 'node:child_process';
import * as z from 'zod';

import type { ExecPlugin } from './kubernetes-access.ts';

/** What a plug-in answered. At least a token or a certificate with its key is there. */
export interface ExecCredential {
  token: string | undefined;
  certificate: string | undefined;
  key: string | undefined;
  /** Milliseconds since 1970; undefined where the plug-in does not say. */
  expiresAt: number | undefined;
}

/** What `provideClusterInfo` shows to the plug-in. */
export interface ExecClusterInfo {
  server: string;
  authority?: string | undefined;
  tlsServerName?: string | undefined;
  skipTlsVerify: boolean;
  proxyUrl?: string | undefined;
}

/**
 * Runs a credential plug-in by the protocol of client.authentication.k8s.io, without a terminal. Throws an Error that names the
 * program and says what went wrong, or how to install it.
 */
export async function runExecPlugin(
  plugin: ExecPlugin,
  cluster: ExecClusterInfo,
  environment: Record<string, string | undefined>,
): Promise<ExecCredential> {
  const info = {
    apiVersion: plugin.apiVersion,
    kind: 'ExecCredential',
    spec: { interactive: false, ...(plugin.provideClusterInfo ? { cluster: clusterInfo(cluster) } : {}) },
  };
  const env = { ...environment, ...plugin.env, KUBERNETES_EXEC_INFO: JSON.stringify(info) };
  const output = await run(plugin, env);

  const parsed = execCredential.safeParse(parseJson(plugin, output));
  if (!parsed.success) {
    const faults = parsed.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`);
    throw new Error(`${plugin.command} printed no ExecCredential: ${faults.join('; ')}`);
  }
  const { token, clientCertificateData, clientKeyData, expirationTimestamp } = parsed.data.status;
  return {
    token,
    certificate: clientCertificateData,
    key: clientKeyData,
    expiresAt: expirationTimestamp === undefined ? undefined : Date.parse(expirationTimestamp),
  };
}

/** A plug-in may ask a cloud's API, over a slow line, and try again. */
const timeoutMs = 60_000;
const largestOutputBytes = 1024 * 1024;

const execCredential = z.object({
  kind: z.literal('ExecCredential'),
  status: z
    .object({
      token: z.string().min(1).optional(),
      clientCertificateData: z.string().optional(),
      clientKeyData: z.string().optional(),
      expirationTimestamp: z.iso.datetime({ offset: true }).optional(),
    })
    .refine((status) => status.token || (status.clientCertificateData && status.clientKeyData), {
      message: 'neither a token nor a certificate with its key',
    }),
});

function clusterInfo(cluster: ExecClusterInfo): Record<string, unknown> {
  return {
    server: cluster.server,
    'certificate-authority-data': cluster.authority && Buffer.from(cluster.authority).toString('base64'),
    'insecure-skip-tls-verify': cluster.skipTlsVerify || undefined,
    'tls-server-name': cluster.tlsServerName,
    'proxy-url': cluster.proxyUrl,
  };
}

function run(plugin: ExecPlugin, env: Record<string, string | undefined>): Promise<string> {
  const options = { env, timeout: timeoutMs, maxBuffer: largestOutputBytes, encoding: 'utf8' } as const;
  return new Promise((resolve, reject) => {
    const child = execFile(plugin.command, plugin.args, options, (error, stdout, stderr) => {
      if (error) reject(new Error(failure(plugin, error, stderr), { cause: error.code }));
      else resolve(stdout);
    });
    child.stdin?.end();
  });
}

/** Its last words, not its output: what it prints on stdout are credentials. */
function failure(plugin: ExecPlugin, error: { code?: unknown; killed?: boolean | undefined }, stderr: string): string {
  if (error.code === 'ENOENT') {
    return `${plugin.command} is not installed${plugin.installHint ? `: ${plugin.installHint.trim()}` : ''}`;
  }
  const reason = error.killed ? `did not end within ${timeoutMs / 1000} s` : `failed (${String(error.code)})`;
  const words = stderr.trim().split('\n').at(-1)?.slice(0, 300);
  return `${plugin.command} ${reason}${words ? `: ${words}` : ''}`;
}

function parseJson(plugin: ExecPlugin, output: string): unknown {
  try {
    return JSON.parse(output);
  } catch {
    throw new Error(`${plugin.command} printed no JSON`);
  }
}
