import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { compileCache } from '../support/compile-cache.ts';

/** One replica's place: a process that is ended and started again, always with the same ways out. */
export interface ReplicaPlace {
  readonly index: number;
  /** Where it answers; undefined while it is not there. */
  url(): string | undefined;
  pid(): number | undefined;
  start(): Promise<void>;
  /** SIGKILL: nothing is handed over. */
  kill(): Promise<void>;
  /** SIGTERM, and wait for the end. */
  terminate(): Promise<void>;
  /** SIGKILL, and it is not started again. */
  close(): Promise<void>;
  /** It listens, is not frozen, and is not about to end. */
  isPresent(): boolean;
  freeze(): void;
  thaw(): void;
  /** Resident memory now, in MB; undefined while it is not there. */
  memoryMb(): Promise<number | undefined>;
  /** Processes that ended though nobody ended them, or not as they should: with what they said last. */
  readonly deaths: string[];
  /** How long each SIGTERM took. */
  readonly stopsMs: number[];
  starts(): number;
}

const startTimeoutMs = 60_000;

export function createReplica(index: number, given: { env: Record<string, string>; logFile: string }): ReplicaPlace {
  const log = createWriteStream(given.logFile, { flags: 'a' });
  const deaths: string[] = [];
  const stopsMs: number[] = [];
  let child: ChildProcess | undefined;
  let url: string | undefined;
  let starts = 0;
  let closed = false;
  let frozen = false;
  const expected = new Map<ChildProcess, 'SIGKILL' | 'SIGTERM'>();

  const launch = () =>
    new Promise<void>((resolve, reject) => {
      starts += 1;
      const its = spawn(process.execPath, ['src/server.ts'], {
        env: { PATH: process.env['PATH'], HOME: process.env['HOME'], ...compileCache, ...given.env },
        stdio: ['ignore', 'pipe', 'pipe'],
      });
      child = its;
      let said = '';
      let listened = false;
      const late = setTimeout(() => reject(new Error(`Replica ${index} did not start: ${said}`)), startTimeoutMs);
      const read = (chunk: Buffer) => {
        log.write(chunk);
        said = (said + chunk.toString()).slice(-4_000);
        const address = /"address":"(http:[^"]+)"/.exec(said)?.[1];
        if (!address || child !== its || url !== undefined) return;
        url = address;
        listened = true;
        clearTimeout(late);
        resolve();
      };
      its.stdout.on('data', read);
      its.stderr.on('data', read);
      its.once('exit', (code, signal) => {
        clearTimeout(late);
        if (child === its) url = undefined;
        const how = expected.get(its);
        // Before it listens there is nothing to end gracefully.
        const asAsked = how === 'SIGKILL' || (how === 'SIGTERM' && (code === 0 || !listened));
        if (!asAsked)
          deaths.push(`replica ${index} ended with ${signal ?? code}${how ? ` after ${how}` : ''}: ${said}`);
        resolve();
      });
    });
  const end = async (signal: 'SIGKILL' | 'SIGTERM') => {
    const its = child;
    if (!its || its.exitCode !== null || its.signalCode !== null) return;
    expected.set(its, signal);
    const exit = once(its, 'exit');
    its.kill(signal);
    await exit;
  };
  return {
    index,
    url: () => url,
    pid: () => child?.pid,
    async start() {
      if (!closed) await launch();
    },
    kill: () => end('SIGKILL'),
    async terminate() {
      const began = performance.now();
      await end('SIGTERM');
      stopsMs.push(Math.round(performance.now() - began));
    },
    async close() {
      closed = true;
      await end('SIGKILL');
    },
    isPresent: () => url !== undefined && !frozen && !(child && expected.has(child)),
    freeze() {
      frozen = true;
      child?.kill('SIGSTOP');
    },
    thaw() {
      frozen = false;
      child?.kill('SIGCONT');
    },
    async memoryMb() {
      if (!child || url === undefined) return undefined;
      const status = await readFile(`/proc/${child.pid}/status`, 'utf8').catch(() => '');
      const kilobytes = /VmRSS:\s+(\d+) kB/.exec(status)?.[1];
      return kilobytes === undefined ? undefined : Number(kilobytes) / 1024;
    },
    deaths,
    stopsMs,
    starts: () => starts,
  };
}
