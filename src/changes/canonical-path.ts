import { ChangeFailed } from './change-failed.ts';
import { commandFailed, type RunCommand } from './run-command.ts';

/**
 * Where a path in the container really leads, every symbolic link followed. Fails the change where that is outside the
 * folders allowed, also when one of them is a link itself.
 */
export async function canonicalPath(run: RunCommand, path: string, within: readonly string[]): Promise<string> {
  const command = ['readlink', '-f', path];
  const ended = await run(command);
  if (ended.exitCode === 127) {
    throw new ChangeFailed('not_supported', `The container has no readlink, so that where ${path} leads is not known`);
  }
  if (ended.exitCode !== 0) throw commandFailed(command, ended, `, ${path} can't be resolved`);
  const real = ended.stdout.text.replace(/\n$/, '');
  if (isWithin(real, within)) return real;
  throw new ChangeFailed(
    'policy_denied',
    `${path} leads to ${real}, which is outside ${within.join(', ')}`,
    'Name a path inside; the folders allowed are the setting actions.exec_paths',
  );
}

/** Whether the path, as it is written, is one of the folders or below one. */
export function isWithin(path: string, folders: readonly string[]): boolean {
  return folders.some((folder) => path === folder || path.startsWith(folder === '/' ? '/' : `${folder}/`));
}
