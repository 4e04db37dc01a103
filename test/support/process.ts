import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { inject } from 'vitest';
import { compileCache } from './compile-cache.ts';
import { databaseAccess } from './database-access.ts';
import { lenientRules } from './lenient-rules.ts';

/** A replica in a process of its own: it can be killed. */
export interface ReplicaProcess {
  url: string;
  process: ChildProcess;
  output(): string;
  /** SIGKILL: nothing is handed over. */
  kill(): Promise<void>;
  /** SIGTERM, and wait for the end. Gives the exit code. */
  stop(): Promise<number | null>;
}

/** Starts the service as `npm start` does, on the suite's cluster and the database given. */
export async function startProcess(databaseUrl: string, env: Record<string, string> = {}): Promise<ReplicaProcess> {
  const own = {
    PATH: process.env.PATH,
    HOME: process.env.HOME,
    ...compileCache,
    ...databaseAccess(databaseUrl),
    KUBECONFIG: process.env.KUBECONFIG ?? inject('sandboxKubeconfig'),
    EXECUTOR_SERVICE_PORT: '0',
    EXECUTOR_MONITORING_METRICS_PORT: '0',
    ...lenientRules,
    ...env,
  };
  const child = spawn(process.execPath, ['src/server.ts'], { env: own, stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  const url = await new Promise<string>((resolve, reject) => {
    const read = (chunk: Buffer) => {
      output += chunk.toString();
      const address = /"address":"(http:[^"]+)"/.exec(output)?.[1];
      if (address) resolve(address);
    };
    child.stdout.on('data', read);
    child.stderr.on('data', read);
    child.once('exit', (code) => reject(new Error(`The service ended with ${code}: ${output}`)));
    setTimeout(() => reject(new Error(`The service did not start: ${output}`)), 60_000).unref();
  });
  const ended = async (signal: NodeJS.Signals) => {
    if (child.exitCode === null && child.signalCode === null) {
      const exit = once(child, 'exit');
      child.kill(signal);
      await exit;
    }
    return child.exitCode;
  };
  return {
    url,
    process: child,
    output: () => output,
    kill: async () => void (await ended('SIGKILL')),
    stop: () => ended('SIGTERM'),
  };
}
