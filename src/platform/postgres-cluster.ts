import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chown, mkdir, mkdtemp, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { ids, type PostgresAccount } from './postgres-account.ts';
import type { PostgresHome } from './postgres-home.ts';

/** A server's files: its data, the password of its user, its log. */
export type PostgresCluster = { data: string; password: string; logFile: string; user: string };

const user = 'executor';

/**
 * The files in the folder, made by `initdb` on the first start. Made aside and put in place by one rename, so that
 * neither a second process nor a kill in the middle leaves half a database.
 */
export async function openCluster(
  home: PostgresHome,
  options: { account: PostgresAccount; ephemeral: boolean },
): Promise<PostgresCluster> {
  const place = join(home.folder, 'cluster');
  if (!(await exists(join(place, 'password')))) await makeCluster({ home, place, ...options });
  const data = join(place, 'data');
  await refuseOtherVersion(home, data);
  const password = (await readFile(join(place, 'password'), 'utf8')).trim();
  return { data, password, logFile: join(place, 'server.log'), user };
}

async function makeCluster(making: {
  home: PostgresHome;
  place: string;
  account: PostgresAccount;
  ephemeral: boolean;
}): Promise<void> {
  const { home, place, account, ephemeral } = making;
  await removeAbandoned(home.folder);
  const fresh = await mkdtemp(join(home.folder, 'new-'));
  try {
    const passwordFile = join(fresh, 'password');
    await writeFile(passwordFile, `${randomBytes(24).toString('base64url')}\n`, { mode: 0o600 });
    await mkdir(join(fresh, 'data'), { mode: 0o700 });
    if (account)
      for (const path of [passwordFile, join(fresh, 'data'), fresh]) await chown(path, account.uid, account.gid);
    await initialise({ home, account, data: join(fresh, 'data'), passwordFile, flags: ephemeral ? ['--no-sync'] : [] });
    await rename(fresh, place);
  } catch (error) {
    await rm(fresh, { recursive: true, force: true });
    // Another process was quicker: its database is as good.
    if (!(await exists(join(place, 'password')))) throw error;
  }
}

async function initialise(init: {
  home: PostgresHome;
  account: PostgresAccount;
  data: string;
  passwordFile: string;
  flags: string[];
}): Promise<void> {
  const { home, account, data, passwordFile, flags } = init;
  // The built-in locale sorts the same on every machine, whatever locales it has.
  const locale = ['--encoding=UTF8', '--locale=C', '--locale-provider=builtin', '--builtin-locale=C.UTF-8'];
  const args = [
    '-D',
    data,
    `--username=${user}`,
    `--pwfile=${passwordFile}`,
    '--auth=scram-sha-256',
    '--no-instructions',
    ...locale,
    ...flags,
  ];
  const child = spawn(home.binaries.initdb, args, {
    ...ids(account),
    cwd: data,
    env: { PATH: '/usr/bin:/bin', LC_ALL: 'C', TZ: 'UTC' },
    stdio: ['ignore', 'ignore', 'pipe'],
    timeout: 120_000,
  });
  const ended = new Promise<number | null>((resolve, reject) => child.once('error', reject).once('close', resolve));
  const [complaint, code] = await Promise.all([text(child.stderr), ended]);
  if (code !== 0)
    throw new Error(
      `The embedded PostgreSQL could not be set up in ${home.folder}: ${complaint.trim().slice(-1000)}; set DATABASE_URL to use a PostgreSQL of your own`,
    );
}

async function refuseOtherVersion(home: PostgresHome, data: string): Promise<void> {
  const made = (await readFile(join(data, 'PG_VERSION'), 'utf8')).trim();
  if (made === home.version) return;
  throw new Error(
    `The database in ${home.folder} was made by PostgreSQL ${made}, and this is ${home.version}; move it away, or set DATABASE_URL to a server that reads it`,
  );
}

/** What a start that was killed has left; an hour is longer than any start takes. */
async function removeAbandoned(folder: string): Promise<void> {
  for (const name of await readdir(folder)) {
    const path = join(folder, name);
    if (name.startsWith('new-') && Date.now() - (await stat(path)).mtimeMs > 3_600_000)
      await rm(path, { recursive: true, force: true });
  }
}

async function exists(file: string): Promise<boolean> {
  return stat(file).then(
    () => true,
    () => false,
  );
}
