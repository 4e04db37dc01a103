import type { JsonObject } from '../kubernetes/object.ts';
import { canonicalPath } from './canonical-path.ts';
import type { ExecTaskKind } from './exec-task.ts';
import { commandFailed, type RunCommand } from './run-command.ts';

/** Deletes the regular files under a folder that were last written longer ago than that; folders stay. */
export interface DeleteOldFiles {
  name: 'delete_old_files';
  path: string;
  /** Folders in which the path must be once every symbolic link is followed. */
  within: string[];
  olderThanMinutes: number;
}

export const deleteOldFiles: ExecTaskKind<DeleteOldFiles> = {
  describe: ({ path, olderThanMinutes }) =>
    `Delete files under ${path} that are older than ${olderThanMinutes} minutes`,

  /**
   * The path is resolved in the container right before. Below it `find` follows no link and stays on the filesystem; it
   * may do no more than the container's own user. What is left is a folder on the way that another user of the
   * container swaps for a link between the two commands.
   */
  async run({ path, within, olderThanMinutes }, run): Promise<JsonObject> {
    const real = await canonicalPath(run, path, within);
    const find = ['find', real, '-xdev', '-type', 'f', '-mmin', `+${olderThanMinutes}`];
    const { files, bytes, more } = await deletedBy(run, find);
    return { path: real, files, bytes_freed: bytes, ...(more ? { counted_up_to: mostListedBytes } : {}) };
  },
};

/** The sizes of two million files. */
const mostListedBytes = 16 * 1024 * 1024;

interface Deleted {
  files: number;
  bytes: number;
  /** There were more than could be counted. */
  more: boolean;
}

async function deletedBy(run: RunCommand, find: readonly string[]): Promise<Deleted> {
  // A line for each file, once it is deleted.
  const command = [...find, '-delete', '-printf', '%s\n'];
  const ended = await run(command, mostListedBytes);
  // BusyBox knows no -printf, and says so before it looks at anything.
  if (ended.exitCode !== 0 && ended.stdout.bytes === 0 && /printf/.test(ended.stderr.text)) {
    return deletedByBusyBox(run, find);
  }
  const sizes = ended.stdout.text.split('\n').slice(0, -1).map(Number);
  return judged(command, ended, sizes);
}

/** The size before, and a mark once it is deleted. */
async function deletedByBusyBox(run: RunCommand, find: readonly string[]): Promise<Deleted> {
  const command = [...find, '-exec', 'stat', '-c', '%s', '{}', ';', '-delete', '-exec', 'echo', 'deleted', ';'];
  const ended = await run(command, mostListedBytes);
  const sizes = [...ended.stdout.text.matchAll(/^(\d+)\ndeleted$/gm)].map(([, size]) => Number(size));
  return judged(command, ended, sizes);
}

function judged(command: readonly string[], ended: Awaited<ReturnType<RunCommand>>, sizes: number[]): Deleted {
  const files = sizes.length;
  const bytes = sizes.reduce((sum, size) => sum + size, 0);
  if (ended.exitCode !== 0) throw commandFailed(command, ended, ` after ${files} files (${bytes} bytes) were deleted`);
  return { files, bytes, more: ended.stdout.truncated };
}
