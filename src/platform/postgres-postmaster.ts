import { readFile, readlink, realpath, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/** What a running server says of itself in `postmaster.pid`. */
export type Postmaster = { pid: number; port: number; ready: boolean };

/** The server that runs on the data folder, if one does. Left-overs of one that is gone are removed. */
export async function runningPostmaster(dataFolder: string): Promise<Postmaster | undefined> {
  const file = join(dataFolder, 'postmaster.pid');
  const text = await readFile(file, 'utf8').catch((error: unknown) => {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  });
  if (text === undefined) return undefined;
  // Line by line: process, data folder, start time, port, socket folder, address, shared memory, status.
  const lines = text.split('\n');
  const pid = Number(lines[0]);
  if (!Number.isSafeInteger(pid) || pid <= 0) return undefined;
  if (!isAlive(pid)) return undefined;
  if (await isNotTheServer(pid, dataFolder)) {
    // PostgreSQL itself would refuse to start for as long as any process of its account has that number.
    await rm(file, { force: true });
    return undefined;
  }
  return { pid, port: Number(lines[3]), ready: lines[7]?.trim() === 'ready' };
}

/**
 * Ends the server: open transactions are rolled back, what is committed is written. A server that has not ended after
 * `deadlineMs` is ended at once, and recovers when it is started again.
 * @throws Error when not even that ends it.
 */
export async function stopPostmaster(dataFolder: string, deadlineMs = 20_000): Promise<void> {
  for (const [signal, waitMs] of [
    ['SIGINT', deadlineMs],
    ['SIGQUIT', 5_000],
  ] as const) {
    const postmaster = await runningPostmaster(dataFolder);
    if (!postmaster) return;
    kill(postmaster.pid, signal);
    const end = performance.now() + waitMs;
    while (performance.now() < end) {
      // Its last act is to remove the file. The process itself may stay a zombie for a while, where its parent was killed.
      if (!(await runningPostmaster(dataFolder))) return;
      await sleep(20);
    }
  }
  throw new Error(
    `The embedded PostgreSQL in ${dataFolder} does not stop; end its process by hand (the first line of postmaster.pid)`,
  );
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}

function kill(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error;
  }
}

/**
 * After a kill or a new boot the number may be that of any program, or of a zombie. A server's working folder is its data
 * folder; /proc tells, where there is one.
 */
async function isNotTheServer(pid: number, dataFolder: string): Promise<boolean> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => undefined);
  if (status === undefined) return false;
  if (/^State:\s+Z/m.test(status)) return true;
  const folder = await readlink(`/proc/${pid}/cwd`).catch(() => undefined);
  return folder !== undefined && folder !== (await realpath(dataFolder));
}
