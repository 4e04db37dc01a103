import { cat, echo, head, ln, ls, mkdir, readlink, realpath, rm, stat, touch, truncate } from './file-programs.ts';
import { find } from './find.ts';
import { jcmd, jmap, jps, rmiregistry } from './java-programs.ts';
import { kill, sleep, timeout } from './process-programs.ts';
import type { Program } from './program.ts';

/** Every program that a container of the sandbox has, a JDK's tools among them. There is no shell, and nothing of the machine's. */
const programs: Record<string, Program> = {
  cat,
  echo,
  find,
  head,
  jcmd,
  jmap,
  jps,
  kill,
  ln,
  ls,
  mkdir,
  readlink,
  realpath: (args, around) => realpath(args, around),
  rm,
  rmiregistry,
  sleep,
  stat,
  timeout,
  touch,
  truncate,
};

/** The program of that name or path. Images that say they are distroless, or made from scratch, have none. */
export function programOf(image: string, name: string): Program | undefined {
  if (/distroless|scratch/.test(image)) return undefined;
  const bare = name.replace(/^\/(usr\/)?bin\//, '');
  return Object.hasOwn(programs, bare) ? programs[bare] : undefined;
}
