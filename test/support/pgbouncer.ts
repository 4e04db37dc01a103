import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { constants } from 'node:fs';
import { access, chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import postgres from 'postgres';
import { ids, postgresAccount } from '../../src/platform/postgres-account.ts';

/** PgBouncer in transaction mode before a PostgreSQL: each statement may go over another connection. */
export interface Pgbouncer {
  /** The same database, through it. */
  through(databaseUrl: string): string;
  /** How many transactions it has passed on, over all databases. */
  transactions(): Promise<number>;
  /** Ends it as a crash would; `start` has it listen again, at the same address. */
  kill(): Promise<void>;
  start(): Promise<void>;
  close(): Promise<void>;
}

/** The program, or undefined where the machine has none: `apt-get install pgbouncer`. */
export async function pgbouncerProgram(): Promise<string | undefined> {
  // Debian puts it where only root looks.
  for (const folder of [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin', '/usr/local/sbin']) {
    const program = join(folder, 'pgbouncer');
    const there = await access(program, constants.X_OK).then(
      () => true,
      () => false,
    );
    if (there) return program;
  }
  return undefined;
}

/** Lets each database have so many connections at the most. */
export async function startPgbouncer(postgresUrl: string, { poolSize = 10 } = {}): Promise<Pgbouncer> {
  const program = await pgbouncerProgram();
  if (!program) throw new Error('pgbouncer is not installed: apt-get install pgbouncer');
  const { hostname, port: serverPort, username, password } = new URL(postgresUrl);
  const folder = await mkdtemp(join(tmpdir(), 'pgbouncer-'));
  // It does not run as root, and has to read this.
  await chmod(folder, 0o755);
  const port = await freePort();
  const settings = join(folder, 'pgbouncer.ini');
  await writeFile(
    settings,
    [
      '[databases]',
      `* = host=${hostname} port=${serverPort} user=${username}${password ? ` password=${password}` : ''}`,
      '[pgbouncer]',
      'listen_addr = 127.0.0.1',
      `listen_port = ${port}`,
      'unix_socket_dir =',
      'auth_type = any',
      'pool_mode = transaction',
      'max_client_conn = 1000',
      `default_pool_size = ${poolSize}`,
      // A test's database is dropped at its end.
      'server_idle_timeout = 10',
      '',
    ].join('\n'),
  );
  const account = await postgresAccount(folder);
  const through = (databaseUrl: string) => {
    const url = new URL(databaseUrl);
    url.hostname = '127.0.0.1';
    url.port = String(port);
    return url.href;
  };
  const run = async () => {
    const child = spawn(program, [settings], { ...ids(account), stdio: ['ignore', 'ignore', 'pipe'] });
    const ended = once(child, 'exit');
    let output = '';
    await new Promise<void>((resolve, reject) => {
      child.stderr.on('data', (chunk: Buffer) => {
        output += chunk.toString();
        if (output.includes('process up')) resolve();
      });
      child.once('error', reject);
      child.once('exit', () => reject(new Error(`pgbouncer did not start: ${output}`)));
    });
    return { child, ended };
  };
  let running: Awaited<ReturnType<typeof run>> | undefined = await run();
  const kill = async () => {
    running?.child.kill('SIGKILL');
    await running?.ended;
    running = undefined;
  };
  return {
    through,
    async transactions() {
      const console = postgres(through(new URL('/pgbouncer', postgresUrl).href), { max: 1, fetch_types: false });
      const rows = await console.unsafe<{ total_xact_count: string }[]>('show stats').simple();
      await console.end();
      return rows.reduce((sum, { total_xact_count }) => sum + Number(total_xact_count), 0);
    },
    kill,
    async start() {
      running = await run();
    },
    async close() {
      await kill();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (typeof address !== 'object' || !address) throw new Error('no free port');
  return address.port;
}
