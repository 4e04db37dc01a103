import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import postgres from 'postgres';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { startEmbeddedPostgres } from '../../src/platform/postgres-embedded.ts';

const silent = { debug() {}, info() {}, warn() {}, error() {}, with: () => silent };
const asRoot = process.getuid?.() === 0;

let directory = '';
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'embedded-test-'));
});
afterEach(async () => {
  await rm(directory, { recursive: true, force: true });
});
vi.setConfig({ testTimeout: 60_000 });

test('data outlives a stop, and the server is a real one with UTF-8', async () => {
  const first = await startEmbeddedPostgres({ directory, log: silent });
  await query(first.url, `create table note as select 'Grüße' as text`);
  await first.stop();

  const second = await startEmbeddedPostgres({ directory, log: silent });
  const rows = await query(second.url, `select text, current_setting('server_encoding') as encoding from note`);
  await second.stop();

  expect(rows).toEqual([{ text: 'Grüße', encoding: 'UTF8' }]);
  expect([first.joined, second.joined]).toEqual([false, false]);
  await expect(query(second.url, 'select 1')).rejects.toThrow(/ECONNREFUSED/);
});

test('the password is random, and only its owner reads it', async () => {
  const server = await startEmbeddedPostgres({ directory, log: silent, ephemeral: true });
  const { mode } = await stat(join(directory, 'cluster/password'));
  const guessed = new URL(server.url);
  guessed.password = 'password';

  const attempt = query(guessed.href, 'select 1');

  await expect(attempt).rejects.toThrow(/password authentication failed/);
  expect(mode & 0o777).toBe(0o600);
  await server.stop();
});

test('what a killed process left running is joined, and stopped by the last one', async () => {
  const killed = await hold(directory);
  killed.process.kill('SIGKILL');

  const next = await startEmbeddedPostgres({ directory, log: silent });
  await next.stop();

  expect(next).toMatchObject({ joined: true, url: killed.url });
  await expect(query(next.url, 'select 1')).rejects.toThrow(/ECONNREFUSED/);
});

test('three starts at once on an empty folder share one server, which runs until the last has stopped', async () => {
  const all = await Promise.all([hold(directory), hold(directory), hold(directory)]);
  const [first, second, third] = all;

  await first?.release();
  await second?.release();
  const answer = await query(third?.url ?? '', 'select 1 as one');
  await third?.release();

  expect(new Set(all.map(({ url }) => url)).size).toBe(1);
  expect(all.filter(({ joined }) => !joined)).toHaveLength(1);
  expect(answer).toEqual([{ one: 1 }]);
  await expect(query(third?.url ?? '', 'select 1')).rejects.toThrow(/ECONNREFUSED/);
});

test('a server that was killed is started again and recovers', async () => {
  const first = await startEmbeddedPostgres({ directory, log: silent });
  await query(first.url, 'create table kept as select 1 as one');
  process.kill(await postmaster(), 'SIGKILL');
  await sleep(200);

  const second = await startEmbeddedPostgres({ directory, log: silent });
  const rows = await query(second.url, 'select one from kept');
  await second.stop();

  expect(rows).toEqual([{ one: 1 }]);
});

test('a left-over postmaster.pid with the number of another process is no obstacle', async () => {
  const first = await startEmbeddedPostgres({ directory, log: silent });
  await first.stop();
  await writeFile(
    join(directory, 'cluster/data/postmaster.pid'),
    `${process.pid}\n${directory}\n1700000000\n5999\n\n127.0.0.1\n 1 2\nready   \n`,
  );

  const second = await startEmbeddedPostgres({ directory, log: silent });
  await second.stop();

  expect(second.joined).toBe(false);
});

test('a port that is taken is said', async () => {
  const blocker = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => blocker.once('listening', resolve));
  const address = blocker.address();
  const port = typeof address === 'object' && address ? address.port : 0;

  const attempt = startEmbeddedPostgres({ directory, log: silent, port, ephemeral: true });

  await expect(attempt).rejects.toThrow(`The port ${port} for the embedded PostgreSQL is taken`);
  blocker.close();
});

test('data of another PostgreSQL is not touched', async () => {
  const first = await startEmbeddedPostgres({ directory, log: silent });
  await first.stop();
  await writeFile(join(directory, 'cluster/data/PG_VERSION'), '12\n');

  const attempt = startEmbeddedPostgres({ directory, log: silent });

  await expect(attempt).rejects.toThrow(/was made by PostgreSQL 12, and this is 18/);
});

test('an ephemeral one is gone after its stop, and after a kill of its process', async () => {
  const stopped = await startEmbeddedPostgres({ directory, log: silent, ephemeral: true });
  await stopped.stop();
  const afterStop = await stat(join(directory, 'cluster')).catch(() => 'gone');
  const killed = await hold(directory, 'ephemeral');
  killed.process.kill('SIGKILL');

  await vi.waitFor(() => expect(stat(join(directory, 'cluster'))).rejects.toThrow(/ENOENT/), {
    timeout: 10_000,
    interval: 100,
  });

  expect(afterStop).toBe('gone');
  await expect(query(killed.url, 'select 1')).rejects.toThrow(/ECONNREFUSED/);
});

test.runIf(asRoot)(
  'as root, below a folder that no other account may enter, it says where the data is instead',
  async () => {
    const lines: string[] = [];
    const log = { ...silent, debug: (message: string) => void lines.push(message) };

    const server = await startEmbeddedPostgres({ directory: join(directory, 'below/postgres'), log, ephemeral: true });
    const answer = await query(server.url, 'select 1 as one');
    await server.stop();

    expect(answer).toEqual([{ one: 1 }]);
    expect(server.folder).toMatch(/executor-service\/postgres-[0-9a-f]{12}$/);
    expect(lines.join()).toContain(`so the data is in ${server.folder}`);
  },
);

async function query(url: string, text: string): Promise<Record<string, unknown>[]> {
  const sql = postgres(url, { max: 1, connect_timeout: 3, onnotice: () => {} });
  try {
    return [...(await sql.unsafe(text))];
  } finally {
    await sql.end({ timeout: 1 });
  }
}

async function postmaster(): Promise<number> {
  return Number.parseInt(await readFile(join(directory, 'cluster/data/postmaster.pid'), 'utf8'), 10);
}

/** Another process that starts or joins the server, until it is released or killed. */
async function hold(folder: string, mode = 'kept') {
  const child = spawn(process.execPath, [join(import.meta.dirname, 'hold-postgres.ts'), folder, mode], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const lines = createInterface({ input: child.stdout });
  const line = await new Promise<string>((resolve, reject) => {
    lines.once('line', resolve);
    child.once('exit', (code) => reject(new Error(`ended with ${code}`)));
  });
  const got: { url: string; folder: string; joined: boolean } = JSON.parse(line);
  const release = () => {
    const ended = new Promise((resolve) => child.once('exit', resolve));
    child.stdin.end();
    return ended;
  };
  return { ...got, process: child, release };
}
