import { spawn } from 'node:child_process';
import { open, readFile, truncate } from 'node:fs/promises';
import { createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { ids, type PostgresAccount } from './postgres-account.ts';
import type { PostgresCluster } from './postgres-cluster.ts';
import type { PostgresHome } from './postgres-home.ts';
import { runningPostmaster } from './postgres-postmaster.ts';

/** How a start went: the server is ready; or it ended, for one of two reasons that another try cures. */
export type StartOutcome = 'ready' | 'already_running' | 'port_taken';

/**
 * Starts the server on its files and waits until it takes connections; recovery after a crash is part of that.
 * It leads its own process group: Ctrl-C is this process's to handle, and the database has to outlive what is still recorded.
 */
export async function launchPostgres(launch: {
  home: PostgresHome;
  cluster: PostgresCluster;
  account: PostgresAccount;
  port: number;
  ephemeral: boolean;
}): Promise<StartOutcome> {
  const { home, cluster, account, port, ephemeral } = launch;
  const log = await open(cluster.logFile, 'a');
  try {
    const { size } = await log.stat();
    if (size > 10_000_000) await truncate(cluster.logFile);
    const child = spawn(home.binaries.postgres, ['-D', cluster.data, ...flags(port, ephemeral)], {
      ...ids(account),
      cwd: cluster.data,
      env: { PATH: '/usr/bin:/bin', LC_ALL: 'C', TZ: 'UTC' },
      stdio: ['ignore', log.fd, log.fd],
      detached: true,
    });
    let fault: unknown;
    let ended = false;
    child.once('error', (error) => (fault = error)).once('exit', () => (ended = true));
    child.unref();
    const end = performance.now() + 120_000;
    while (performance.now() < end) {
      if (fault)
        throw new Error(`The embedded PostgreSQL could not be started: ${home.binaries.postgres}`, { cause: fault });
      if (ended) return await whyEnded(cluster, size > 10_000_000 ? 0 : size);
      const postmaster = await runningPostmaster(cluster.data);
      if (postmaster && postmaster.pid === child.pid && postmaster.ready) return 'ready';
      await sleep(15);
    }
    child.kill('SIGQUIT');
    throw new Error(
      `The embedded PostgreSQL in ${home.folder} was not ready within two minutes; its log is ${cluster.logFile}`,
    );
  } finally {
    await log.close();
  }
}

/** A port of the loopback interface that is free now; somebody else may be quicker, which is then `port_taken`. */
export async function freePort(): Promise<number> {
  const server = createServer();
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ port: 0, host: '127.0.0.1' }, () => {
      const address = server.address();
      server.close(() =>
        typeof address === 'object' && address
          ? resolve(address.port)
          : reject(new Error('There is no free port on 127.0.0.1')),
      );
    });
  });
}

/** Sized for a laptop or a small pod beside the service: the tables are small, and every process counts. */
function flags(port: number, ephemeral: boolean): string[] {
  const settings = {
    listen_addresses: '127.0.0.1',
    port,
    unix_socket_directories: '',
    cluster_name: 'executor-service',
    max_connections: 100,
    shared_buffers: '32MB',
    wal_level: 'minimal',
    max_wal_senders: 0,
    max_wal_size: '256MB',
    min_wal_size: '32MB',
    max_worker_processes: 2,
    max_parallel_workers_per_gather: 0,
    max_logical_replication_workers: 0,
    io_method: 'sync',
    jit: 'off',
    log_timezone: 'UTC',
    timezone: 'UTC',
    ...(ephemeral ? { fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off', autovacuum: 'off' } : {}),
  };
  return Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
}

async function whyEnded(cluster: PostgresCluster, from: number): Promise<StartOutcome> {
  const complaint = (await readFile(cluster.logFile)).subarray(from).toString();
  if (/lock file "postmaster\.pid" (already exists|is empty)|pre-existing shared memory block/.test(complaint))
    return 'already_running';
  if (/could not create any TCP\/IP sockets|Address already in use/.test(complaint)) return 'port_taken';
  throw new Error(
    `The embedded PostgreSQL ended at once: ${complaint.trim().slice(-1000)}; its log is ${cluster.logFile}`,
  );
}
