import { spawn } from 'node:child_process';
import { rm } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from '../telemetry/logger.ts';
import { postgresAccount } from './postgres-account.ts';
import { openCluster, type PostgresCluster } from './postgres-cluster.ts';
import { postgresHome } from './postgres-home.ts';
import { joinPostgres, type Membership } from './postgres-membership.ts';
import { runningPostmaster, stopPostmaster } from './postgres-postmaster.ts';
import { freePort, launchPostgres } from './postgres-server.ts';

/** A running PostgreSQL of one's own. */
export type EmbeddedPostgres = {
  /** With its password; a superuser of a database that is only reached from this machine. */
  url: string;
  /** Where the data is: the folder asked for, or the one used in its place (as the log says). */
  folder: string;
  /** It was running already: started by another process, or left by one that was killed. */
  joined: boolean;
  /** Stops it, unless another process uses it still: then that one will. */
  stop(): Promise<void>;
};

/**
 * Starts a real PostgreSQL with its data in `directory`, or joins the one that runs there already.
 *
 * @param options.port a loopback port to use; without it a free one is taken.
 * @param options.ephemeral for tests: quick rather than safe, removed by `stop`, and gone with this process even if it is killed.
 * @throws Error that says why, and what to do about it.
 */
export async function startEmbeddedPostgres(options: {
  directory: string;
  log: Logger;
  port?: number;
  ephemeral?: boolean;
}): Promise<EmbeddedPostgres> {
  const { log, ephemeral = false } = options;
  const directory = resolve(options.directory);
  const { account, home, cluster } = await prepare({ directory, ephemeral, log });

  // Others may be starting or stopping the same server: each round sees how far they are.
  let launched = false;
  let refused: unknown;
  const end = performance.now() + 60_000;
  while (performance.now() < end) {
    const running = await runningPostmaster(cluster.data);
    if (running?.ready) {
      try {
        return started({
          port: running.port,
          joined: !launched,
          membership: await joinPostgres(urlOf(cluster, running.port)),
        });
      } catch (error) {
        refused = error;
      }
    }
    if (running) {
      await sleep(100);
      continue;
    }
    const port = options.port ?? (await freePort());
    const outcome = await launchPostgres({ home, cluster, account, port, ephemeral });
    if (outcome === 'port_taken' && options.port !== undefined)
      throw new Error(`The port ${port} for the embedded PostgreSQL is taken; leave the port out to use a free one`);
    launched = outcome === 'ready';
  }
  throw new Error(
    `A PostgreSQL runs in ${home.folder} and does not answer; its log is ${cluster.logFile}. Stop it (its process is the first line of ${cluster.data}/postmaster.pid) and start again`,
    {
      cause: refused,
    },
  );

  function started({
    port,
    joined,
    membership,
  }: {
    port: number;
    joined: boolean;
    membership: Membership;
  }): EmbeddedPostgres {
    log.info(
      `Embedded PostgreSQL ${joined ? 'was running already' : 'started'} on 127.0.0.1:${port}, data in ${home.folder}`,
      { port, folder: home.folder, joined },
    );
    const guard = ephemeral && !joined ? removeWithThisProcess(cluster) : undefined;
    let stopping: Promise<void> | undefined;
    const stop = async () => {
      const alone = await membership.leave().catch(() => true);
      try {
        if (alone) await stopPostmaster(cluster.data);
      } finally {
        await membership.close();
        guard?.stdin.end('stopped\n');
      }
      if (alone && ephemeral) await rm(dirname(cluster.data), { recursive: true, force: true });
    };
    return { url: urlOf(cluster, port), folder: home.folder, joined, stop: () => (stopping ??= stop()) };
  }
}

async function prepare(options: { directory: string; ephemeral: boolean; log: Logger }) {
  const { directory, ephemeral } = options;
  try {
    const account = await postgresAccount(`${directory}/cluster/data`);
    const home = await postgresHome({ ...options, account });
    return { account, home, cluster: await openCluster(home, { account, ephemeral }) };
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    if (code !== 'EACCES' && code !== 'EPERM' && code !== 'EROFS') throw error;
    throw new Error(
      `The embedded PostgreSQL can't use ${directory} (${code}): it belongs to another user, or is read-only; run as its owner, or set DATABASE_URL`,
      {
        cause: error,
      },
    );
  }
}

function urlOf(cluster: PostgresCluster, port: number): string {
  return `postgres://${cluster.user}:${cluster.password}@127.0.0.1:${port}/postgres`;
}

/** A shell that waits for the end of a pipe, which comes however this process ends; told `stopped`, it does nothing. */
function removeWithThisProcess(cluster: PostgresCluster) {
  const script =
    'read -r word; [ "$word" = stopped ] && exit; kill -QUIT "$(head -n 1 "$0/data/postmaster.pid")"; sleep 1; rm -rf "$0"';
  const guard = spawn('/bin/sh', ['-c', script, dirname(cluster.data)], {
    stdio: ['pipe', 'ignore', 'ignore'],
    detached: true,
    cwd: '/',
  });
  // A machine without a shell goes without the guard.
  guard.on('error', () => {});
  guard.stdin.on('error', () => {});
  guard.unref();
  return guard;
}
