import { mkdirSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { startSandbox } from './start.ts';
import { sandboxKubeconfig } from './kubeconfig.ts';

const { values } = parseArgs({
  options: {
    port: { type: 'string' },
    host: { type: 'string' },
    'audit-log': { type: 'string' },
    kubeconfig: { type: 'string' },
    empty: { type: 'boolean' },
  },
});
// This program stands by itself, without the service's configuration: its few settings are read here.
// oxlint-disable no-process-env
const port = Number(values.port ?? process.env.SANDBOX_PORT ?? 16080);
const auditLog = values['audit-log'] ?? process.env.SANDBOX_AUDIT_LOG;
const kubeconfig = resolve(values.kubeconfig ?? '.data/sandbox.kubeconfig');

const sandbox = await startSandbox({
  port,
  seed: !values.empty,
  ...(values.host ? { host: values.host } : {}),
  ...(auditLog ? { auditLog } : {}),
});
mkdirSync(resolve(kubeconfig, '..'), { recursive: true });
writeFileSync(kubeconfig, sandboxKubeconfig(sandbox.url));
console.log(`Sandbox cluster at ${sandbox.url} (in memory only: what is in it ends with this process)
kubeconfig: ${kubeconfig}
Try: kubectl --server ${sandbox.url} get pods -n production`);

for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => void sandbox.close());
