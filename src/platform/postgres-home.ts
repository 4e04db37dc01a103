import { createHash } from 'node:crypto';
import { chmod, lstat, mkdir, realpath } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Logger } from '../telemetry/logger.ts';
import { canEnter, serverVersion, type PostgresAccount } from './postgres-account.ts';
import { copyBinaries, installedBinaries, type PostgresBinaries } from './postgres-binaries.ts';

/** The folder that holds a server's data, password and log, and the programs to run it with; its account can use both. */
export type PostgresHome = { folder: string; binaries: PostgresBinaries; version: string };

/**
 * The folder asked for; or, where the account can't get there, one that root keeps for it. A clone below /root is such a
 * place: PostgreSQL refuses to run as root, and no other account may look into /root. Opening /root is not ours to do.
 */
export async function postgresHome(options: {
  directory: string;
  account: PostgresAccount;
  ephemeral: boolean;
  log: Logger;
}): Promise<PostgresHome> {
  const { directory, account, ephemeral, log } = options;
  const bases = ephemeral
    ? [join(tmpdir(), 'executor-service')]
    : ['/var/lib/executor-service', join(tmpdir(), 'executor-service')];
  await makeFolder(directory, account);
  const installed = await installedBinaries();
  const folder = (await canEnter(account, directory))
    ? directory
    : await firstUsable(bases, account, await nameFor(directory));
  const programs = await usablePrograms({ installed, account, bases });
  if (folder !== directory) {
    log[ephemeral ? 'debug' : 'warn'](
      `The account that runs PostgreSQL (${account?.name}) can't get into ${directory}, so the data is in ${folder}; set DATABASE_URL for a database of your own`,
      {
        asked: directory,
        used: folder,
      },
    );
  }
  return { folder, ...programs };
}

async function usablePrograms(options: {
  installed: PostgresBinaries;
  account: PostgresAccount;
  bases: readonly string[];
}): Promise<Pick<PostgresHome, 'binaries' | 'version'>> {
  const { installed, account, bases } = options;
  const version = await serverVersion(account, installed.postgres);
  if (version) return { binaries: installed, version };
  const binaries = account ? await copyBinaries(installed, await firstUsable(bases, account, 'programs')) : installed;
  const copied = await serverVersion(account, binaries.postgres);
  if (copied) return { binaries, version: copied };
  throw new Error(
    `The embedded PostgreSQL (${binaries.postgres}) does not run on this machine; set DATABASE_URL to a PostgreSQL of your own`,
  );
}

async function firstUsable(bases: readonly string[], account: PostgresAccount, name: string): Promise<string> {
  const reasons: unknown[] = [];
  for (const base of bases) {
    try {
      await makeFolder(base, account);
      await refuseForeign(base);
      const folder = join(base, name);
      await makeFolder(folder, account);
      if (await canEnter(account, folder)) return folder;
      reasons.push(new Error(`${folder} is closed to ${account?.name}`));
    } catch (error) {
      reasons.push(error);
    }
  }
  throw new AggregateError(
    reasons,
    `There is no folder for the embedded PostgreSQL: ${bases.join(' and ')} can't be used; set DATABASE_URL to a PostgreSQL of your own`,
  );
}

/** Others may pass through the folder, not look into it: what is inside belongs to the account. */
async function makeFolder(folder: string, account: PostgresAccount): Promise<void> {
  await mkdir(folder, { recursive: true });
  if (account) await chmod(folder, 0o711);
}

/** A temporary folder is everybody's to write: one that another user has put there under our name is not used. */
async function refuseForeign(folder: string): Promise<void> {
  const found = await lstat(folder);
  if (!found.isDirectory() || found.uid !== process.getuid?.()) throw new Error(`${folder} belongs to another user`);
}

/** The same folder gets the same name each time. */
async function nameFor(directory: string): Promise<string> {
  return `postgres-${createHash('sha256')
    .update(await realpath(directory))
    .digest('hex')
    .slice(0, 12)}`;
}
