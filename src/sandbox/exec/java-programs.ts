import { fileOf } from './file-programs.ts';
import { FileError } from './file-tree.ts';
import type { Program, Surroundings } from './program.ts';

const HEADER = 'JAVA PROFILE 1.0.2\0';
/** As large as a heap dump is in the sandbox: what is reachable, and what is garbage besides. */
const LIVE_BYTES = 24_576;
const ALL_BYTES = 65_536;

/** `jcmd -l`, and `jcmd PID GC.heap_dump [-all] PATH` */
export const jcmd: Program = (args, around) => {
  const [pid = '-l', command, ...rest] = args;
  if (pid === '-l') {
    listed(around);
    around.out(`${around.processes.passing()} jdk.jcmd/sun.tools.jcmd.JCmd -l\n`);
    return 0;
  }
  if (!isJvm(pid, around)) return noSuch(pid, around);
  around.out(`${pid}:\n`);
  if (command !== 'GC.heap_dump') {
    around.out(`java.lang.IllegalArgumentException: Unknown diagnostic command\n`);
    return 1;
  }
  dump(rest.at(-1) ?? '', rest.includes('-all') ? ALL_BYTES : LIVE_BYTES, around);
  return 0;
};

export const jps: Program = (_args, around) => {
  listed(around);
  around.out(`${around.processes.passing()} jdk.jcmd/sun.tools.jps.Jps\n`);
  return 0;
};

/** `jmap -dump:[live,]format=b,file=PATH PID` */
export const jmap: Program = (args, around) => {
  const [options = '', pid = ''] = args;
  if (!isJvm(pid, around)) return noSuch(pid, around);
  const path = /(?:^|[:,])file=([^,]+)/.exec(options)?.[1] ?? '';
  dump(path, /[:,]live\b/.test(options) ? LIVE_BYTES : ALL_BYTES, around);
  return 0;
};

/** A JVM that idles until it is killed. */
export const rmiregistry: Program = (_args, around) =>
  around.processes.start('java.rmi/sun.rmi.registry.RegistryImpl 0', true).code;

function listed(around: Surroundings): void {
  for (const { pid, name } of around.processes.jvms()) around.out(`${pid} ${name}\n`);
}

function isJvm(pid: string, around: Surroundings): boolean {
  return around.processes.jvms().some((jvm) => String(jvm.pid) === pid);
}

function noSuch(pid: string, around: Surroundings): number {
  around.err(`${pid}: No such process\n`);
  return 1;
}

/** The JVM says why it could not write, and its tool ends with 0 all the same. */
function dump(path: string, bytes: number, around: Surroundings): void {
  around.out(`Dumping heap to ${path} ...\n`);
  try {
    if (around.files.find(path)) throw new FileError('File exists');
    around.files.put(path, (_before, now) => fileOf(HEADER, bytes, now));
    around.out(`Heap dump file created [${bytes} bytes in 0.012 secs]\n`);
  } catch (error) {
    if (!(error instanceof FileError)) throw error;
    around.out(`${error.message}\n`);
  }
}
