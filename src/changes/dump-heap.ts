import type { JsonObject } from '../kubernetes/object.ts';
import { canonicalPath } from './canonical-path.ts';
import { ChangeFailed } from './change-failed.ts';
import type { ExecTaskKind } from './exec-task.ts';
import { commandFailed, isMissing, outputOf, type RunCommand } from './run-command.ts';

/** Has the JVM in the container write its heap to a file there. */
export interface DumpHeap {
  name: 'dump_heap';
  /** Of the file, which must not be there yet. */
  path: string;
  /** Folders in which the path must be once every symbolic link is followed. */
  within: string[];
  /** Only what is still reachable, after a full garbage collection. */
  liveOnly: boolean;
}

export const dumpHeap: ExecTaskKind<DumpHeap> = {
  describe: ({ path, liveOnly }) => `Dump ${liveOnly ? 'the live objects' : 'the whole heap'} of the JVM to ${path}`,

  async run({ path, within, liveOnly }, run): Promise<JsonObject> {
    const { pid, hasJcmd } = await runningJvm(run);
    const real = await canonicalPath(run, path, within);
    const command = hasJcmd
      ? ['jcmd', pid, 'GC.heap_dump', ...(liveOnly ? [] : ['-all']), real]
      : ['jmap', `-dump:${liveOnly ? 'live,' : ''}format=b,file=${real}`, pid];
    const ended = await run(command);
    // Both end with 0 when they could not write, and leave a file of that name as it was.
    if (ended.exitCode !== 0 || !/^Heap dump file created/m.test(ended.stdout.text))
      throw commandFailed(command, ended);
    const bytes = Number(await outputOf(run, ['stat', '-c', '%s', real]));
    return { path: real, bytes, pid: Number(pid) };
  },
};

/** The JVM of the container, by the JDK's own list; of several, the container's first process. */
async function runningJvm(run: RunCommand): Promise<{ pid: string; hasJcmd: boolean }> {
  const listed = await run(['jcmd', '-l']);
  const hasJcmd = !isMissing(listed);
  const { exitCode, stdout, stderr } = hasJcmd ? listed : await run(['jps', '-l']);
  if (exitCode === 127) {
    throw new ChangeFailed(
      'not_supported',
      'The container runs no JVM, or one without its tools: it has neither jcmd nor jps',
      'Take an image with a JDK, or start the JVM with -XX:+HeapDumpOnOutOfMemoryError',
    );
  }
  if (exitCode !== 0) throw commandFailed([hasJcmd ? 'jcmd' : 'jps'], { exitCode, stdout, stderr });
  // A line is a process and its main class; the tool finds itself too.
  const jvms = [...stdout.text.matchAll(/^(\d+) ?(.*)$/gm)].filter(([, , main]) => !/sun\.tools\./.test(main ?? ''));
  const [pid, second] = jvms.map(([, found]) => found ?? '').sort((a, b) => Number(b === '1') - Number(a === '1'));
  if (pid === undefined) throw new ChangeFailed('not_supported', 'No JVM runs in the container');
  if (second !== undefined && pid !== '1') {
    const named = jvms.map(([line]) => line).join(', ');
    throw new ChangeFailed(
      'precondition_failed',
      `Several JVMs run in the container, none as its first process: ${named}`,
    );
  }
  return { pid, hasJcmd };
}
