import { listAt, textAt } from './value-at.ts';

/** Whether the Status says that the command ended with exit code 0. */
export function isSuccess(status: unknown): boolean {
  return textAt(status, ['status']) === 'Success';
}

/**
 * The exit code that a Status of failure tells of, with what the runtime said where there was nothing to execute;
 * undefined where the command was never started for another cause.
 */
export function exitCodeOf(status: unknown, stderr: string): { exitCode: number; message?: string } | undefined {
  const message = textAt(status, ['message']) ?? '';
  const told = listAt(status, ['details', 'causes']).find((cause) => textAt(cause, ['reason']) === 'ExitCode');
  const exitCode = Number(textAt(told, ['message']) ?? inWords.exec(message)?.[1]);
  if (exitCode > 0) return { exitCode: fromRuntime.test(stderr) ? (codeOfMissing(stderr) ?? exitCode) : exitCode };
  const missing = codeOfMissing(message);
  return missing === undefined ? undefined : { exitCode: missing, message };
}

/** Runtimes that give no cause say it at the end of their message. */
const inWords = /exit (?:status|code) (\d+)$/;

/** What the low-level runtime prints where the command would. */
const fromRuntime = /unable to start container process/;

/** Runtimes differ in the number that they give for what can't be executed; their words come from Go, and are the same. */
function codeOfMissing(text: string): 126 | 127 | undefined {
  const [, why] = notExecuted.exec(text.replaceAll('\\', '')) ?? [];
  if (why === undefined) return undefined;
  return /not found|no such file/.test(why) ? 127 : 126;
}

const notExecuted =
  /exec(?:: "[^"]*"| [^ :]+): (?:stat [^ :]+: )?(executable file not found in \$PATH|no such file or directory|permission denied|is a directory|exec format error)/;
