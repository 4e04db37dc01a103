import { readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { startEmbeddedPostgres } from '../../src/platform/postgres-embedded.ts';
import { runningPostmaster } from '../../src/platform/postgres-postmaster.ts';
import { freePort } from '../../src/platform/postgres-server.ts';
import { createLogger } from '../../src/telemetry/logger.ts';

/** A PostgreSQL that keeps what it has committed, whatever befalls it, and to which much does. */
export interface ChaosPostgres {
  port: number;
  /** The database's address, by another port where there is a link before it. */
  url(port?: number): string;
  /** `immediate`: at once, as after a crash. `killed`: not even that. */
  stop(how: 'immediate' | 'killed'): Promise<void>;
  start(): Promise<void>;
  freeze(): Promise<void>;
  thaw(): Promise<void>;
  close(): Promise<void>;
}

/** Not `ephemeral`: what is committed must be there after a kill. */
export async function startChaosPostgres(directory: string): Promise<ChaosPostgres> {
  const log = createLogger({ level: 'warn', write: (line) => process.stderr.write(line) });
  const port = await freePort();
  let server = await startEmbeddedPostgres({ directory, log, port });
  const data = join(server.folder, 'cluster', 'data');
  let frozen: number[] = [];
  const thaw = async () => {
    for (const pid of frozen.splice(0)) signal(pid, 'SIGCONT');
  };
  return {
    port,
    url(through = port) {
      const url = new URL(server.url);
      url.port = String(through);
      return url.href;
    },
    async stop(how) {
      await thaw();
      const running = await runningPostmaster(data);
      if (!running) return;
      const children = await childrenOf(running.pid);
      signal(running.pid, how === 'killed' ? 'SIGKILL' : 'SIGQUIT');
      while (await runningPostmaster(data)) await sleep(20);
      // Those of a killed one notice by themselves; until then a new one does not start.
      for (const pid of children) if (how === 'killed') signal(pid, 'SIGQUIT');
    },
    async start() {
      server = await startEmbeddedPostgres({ directory, log, port });
    },
    async freeze() {
      const running = await runningPostmaster(data);
      if (!running) return;
      frozen = [running.pid, ...(await childrenOf(running.pid))];
      for (const pid of frozen) signal(pid, 'SIGSTOP');
    },
    thaw,
    async close() {
      await thaw();
      await server.stop();
      await rm(server.folder, { recursive: true, force: true });
    },
  };
}

async function childrenOf(parent: number): Promise<number[]> {
  const numbers = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const stats = await Promise.all(
    numbers.map(async (pid) => ({ pid, stat: await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '') })),
  );
  return stats.flatMap(({ pid, stat }) => (Number(/\) \S (\d+)/.exec(stat)?.[1]) === parent ? [Number(pid)] : []));
}

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch {
    // It has gone by itself.
  }
}
