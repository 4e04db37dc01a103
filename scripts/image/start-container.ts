import { type ChildProcess, spawn } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { Image } from './assemble.ts';

export interface ContainerOptions {
  /** Files that the cluster mounts into it, by their path there; read-only, as ConfigMaps and tokens are. */
  files?: Record<string, string>;
  environment?: Record<string, string>;
  /** In place of what follows the first word of the entrypoint. */
  arguments?: string[];
}

export interface Container {
  /** What it has written so far, both streams. */
  output(): string;
  /** The process inside, by its id on this machine. */
  processId(): number;
  /** SIGTERM to the process inside, as a kubelet does it. Gives the exit code. */
  stop(): Promise<number | null>;
  ended: Promise<number | null>;
}

/**
 * Runs an image as a restricted pod does: as its own user without capabilities and without a way to get any, as process 1
 * of its own, on a read-only root with an empty /tmp. The network is this machine's. Needs root, for the mounts.
 */
export function startContainer(
  image: Image,
  { files = {}, environment = {}, arguments: given }: ContainerOptions,
): Container {
  const folder = mkdtempSync(join(tmpdir(), 'container-'));
  const root = join(folder, 'root');
  cpSync(image.root, root, { recursive: true, verbatimSymlinks: true });
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(join(root, dirname(path)), { recursive: true });
    writeFileSync(join(root, path), content);
  }
  const [program = '', ...rest] = image.entrypoint;
  const [user = '', group = user] = image.user.split(':');
  const isolation = ['--mount', '--pid', '--ipc', '--uts', '--fork', '--kill-child', '--propagation', 'private'];
  const inside = ['sh', '-ec', mounts, 'sh', root, image.workingDirectory, user, group, program, ...(given ?? rest)];
  const child = spawn('unshare', [...isolation, ...inside], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', ...image.environment, ...environment },
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (output += chunk.toString()));
  const ended = new Promise<number | null>((resolve) => {
    child.once('close', (code) => {
      rmSync(folder, { recursive: true, force: true });
      resolve(code);
    });
  });
  return {
    output: () => output,
    processId: () => insideOf(child),
    stop() {
      if (child.exitCode === null && child.signalCode === null) process.kill(insideOf(child), 'SIGTERM');
      return ended;
    },
    ended,
  };
}

const mounts = `
root=$1 directory=$2 user=$3 group=$4
shift 4
mount --bind "$root" "$root"
mount -t proc proc "$root/proc"
mount -t tmpfs -o size=16m,mode=1777 tmp "$root/tmp"
mount -t tmpfs -o size=64k,mode=755 dev "$root/dev"
for device in null zero random urandom; do
  touch "$root/dev/$device"
  mount --bind "/dev/$device" "$root/dev/$device"
done
mount -o remount,bind,ro "$root"
exec setpriv --no-new-privs --clear-groups unshare --root "$root" --wd "$directory" -G "$group" -S "$user" "$@"
`;

/** The one child of unshare, which waits for it. */
function insideOf({ pid }: ChildProcess): number {
  const [inside] = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').map(Number);
  if (!inside) throw new Error(`The container's process ${pid} runs nothing yet, or not any more`);
  return inside;
}
