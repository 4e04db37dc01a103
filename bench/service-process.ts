import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';

export interface ServiceProcess {
  url: string;
  /** From the start of the process to the first 200 of /health. */
  coldStartMs: number;
  /** Resident memory now, in MB. */
  memory(): Promise<number>;
  /** SIGTERM, and wait for the end. */
  stop(): Promise<void>;
  /** SIGKILL: nothing is handed over. */
  kill(): Promise<void>;
}

/** Starts the bundle, as the image does, and waits until it is healthy. */
export async function startBundle(env: Record<string, string | undefined>, port = 18_084): Promise<ServiceProcess> {
  const url = `http://127.0.0.1:${port}`;
  const began = performance.now();
  const child = spawn(process.execPath, ['dist/server.mjs'], {
    env: {
      PATH: process.env.PATH,
      HOME: process.env.HOME,
      EXECUTOR_SERVICE_PORT: String(port),
      EXECUTOR_MONITORING_METRICS_PORT: '0',
      LOG_LEVEL: 'warn',
      // The same on one target again and again: the rule is asked, as in earnest, and lets it pass.
      EXECUTOR_SAFETY_RULES_OSCILLATION_WINDOW: '1s',
      EXECUTOR_SAFETY_RULES_OSCILLATION_SCALE_FLIPS: '999',
      EXECUTOR_SAFETY_RULES_OSCILLATION_RESTARTS: '999',
      EXECUTOR_SAFETY_RULES_BLAST_RADIUS_TARGETS_PER_NAMESPACE: '1000',
      EXECUTOR_SAFETY_RULES_BLAST_RADIUS_TARGETS_PER_CLUSTER: '1000',
      EXECUTOR_SAFETY_RULES_BLAST_RADIUS_NODE_SHARE: '1',
      ...env,
    },
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  while (!(await isHealthy(url))) {
    if (child.exitCode !== null) throw new Error(`The service ended with ${child.exitCode}`);
    if (performance.now() - began > 20_000) throw new Error('The service did not become healthy within 20 s');
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  return {
    url,
    coldStartMs: performance.now() - began,
    memory: () => residentMb(child),
    stop: () => ended(child, 'SIGTERM'),
    kill: () => ended(child, 'SIGKILL'),
  };
}

async function isHealthy(url: string): Promise<boolean> {
  try {
    return (await fetch(`${url}/health`)).status === 200;
  } catch {
    return false;
  }
}

async function residentMb(child: ChildProcess): Promise<number> {
  const status = await readFile(`/proc/${child.pid}/status`, 'utf8');
  return Number(/VmRSS:\s+(\d+) kB/.exec(status)?.[1] ?? Number.NaN) / 1024;
}

async function ended(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  const exit = once(child, 'exit');
  child.kill(signal);
  await exit;
}
