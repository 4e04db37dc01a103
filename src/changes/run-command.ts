import type { ExecResult } from '../kubernetes/cluster.ts';
import { ChangeFailed } from './change-failed.ts';

/** Runs a command in the container that a change is about: a list of arguments, which no shell sees. */
export type RunCommand = (command: readonly string[], limitBytes?: number) => Promise<ExecResult>;

/** The command that is a part of every task's plan has no such executable in the container. */
export function isMissing({ exitCode }: ExecResult): boolean {
  return exitCode === 127;
}

/** What the command printed, without its last line's end; fails the change where its exit code is not 0. */
export async function outputOf(run: RunCommand, command: readonly string[]): Promise<string> {
  const ended = await run(command);
  if (ended.exitCode !== 0) throw commandFailed(command, ended);
  return ended.stdout.text.replace(/\n$/, '');
}

/** The failure of a command in its own words. `so` is what had happened by then. */
export function commandFailed(command: readonly string[], ended: ExecResult, so = ''): ChangeFailed {
  const said = `${ended.stderr.text}\n${ended.stdout.text}`.trim().slice(0, mostSaid) || 'it said nothing';
  return new ChangeFailed(
    'command_failed',
    `${command[0] ?? ''} ended with exit code ${ended.exitCode}${so}: ${said}`,
    'Look into the container; the command and its arguments are in the record of the change',
  );
}

/** As much as a person reads of what a command says went wrong. */
const mostSaid = 2_000;
