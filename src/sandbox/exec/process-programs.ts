import type { Program } from './program.ts';

/** `kill [-SIGNAL] PID…` */
export const kill: Program = (args, around) => {
  let code = 0;
  for (const pid of args.filter((arg) => !arg.startsWith('-'))) {
    if (around.processes.end(Number(pid), args.includes('-9') ? 137 : 143)) continue;
    around.err(`kill: (${pid}): No such process\n`);
    code = 1;
  }
  return code;
};

export const sleep: Program = async (args, around) => {
  const { pid, code } = around.processes.start('sleep', false);
  const timer = setTimeout(() => around.processes.end(pid, 0), Number(args[0] ?? 0) * 1000);
  timer.unref();
  const given = await code;
  clearTimeout(timer);
  return given;
};

/** `timeout SECONDS COMMAND…`: what still runs then is told with 124. */
export const timeout: Program = async (args, around) => {
  const [seconds = '0', ...command] = args;
  const running = around.run(command);
  if (running === undefined) {
    around.err(`timeout: failed to run command '${command[0] ?? ''}': No such file or directory\n`);
    return 127;
  }
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<number>((resolve) => {
    timer = setTimeout(() => resolve(124), Number(seconds) * 1000);
    timer.unref();
  });
  const code = await Promise.race([running, late]);
  clearTimeout(timer);
  return code;
};
