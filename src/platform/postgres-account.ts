import { execFile } from 'node:child_process';
import { stat } from 'node:fs/promises';
import { promisify } from 'node:util';

/** The account that runs PostgreSQL, which refuses to run as root; undefined: the account of this process. */
export type PostgresAccount = { uid: number; gid: number; name: string } | undefined;

const run = promisify(execFile);

/**
 * The owner of the data folder where there is one, else `postgres`, else `nobody`, which every system has: a start must
 * not add accounts to the machine.
 */
export async function postgresAccount(dataFolder: string): Promise<PostgresAccount> {
  if (process.getuid?.() !== 0) return undefined;
  const owner = await stat(dataFolder).catch(() => undefined);
  if (owner && owner.uid !== 0) return { uid: owner.uid, gid: owner.gid, name: `uid ${owner.uid}` };
  for (const name of ['postgres', 'nobody']) {
    try {
      const [uid, gid] = await Promise.all([run('id', ['-u', name]), run('id', ['-g', name])]);
      return { uid: Number(uid.stdout), gid: Number(gid.stdout), name };
    } catch {
      // No such account: the next one.
    }
  }
  throw new Error(
    'PostgreSQL refuses to run as root, and there is neither an account postgres nor nobody; run this as another user, or set DATABASE_URL',
  );
}

/** The major version of the server program, by running it; undefined where the account can't: modes, lists, mounts and libraries all have a say. */
export async function serverVersion(account: PostgresAccount, program: string): Promise<string | undefined> {
  const answer = await run(program, ['--version'], { ...ids(account), cwd: '/', timeout: 20_000 }).catch(
    () => undefined,
  );
  return /\(PostgreSQL\) (\d+)/.exec(answer?.stdout ?? '')?.[1];
}

/** Whether the account can get into the folder. */
export async function canEnter(account: PostgresAccount, folder: string): Promise<boolean> {
  return run('/bin/sh', ['-c', 'cd "$0"', folder], { ...ids(account), cwd: '/', timeout: 20_000 }).then(
    () => true,
    () => false,
  );
}

/** For the options of `spawn`. */
export function ids(account: PostgresAccount): { uid?: number; gid?: number } {
  return account ? { uid: account.uid, gid: account.gid } : {};
}
