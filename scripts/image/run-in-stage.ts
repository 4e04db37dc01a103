import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmdirSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Image } from './assemble.ts';

/**
 * Runs a shell command in the tree of a stage, with this machine's Debian (read-only) around it: what the stage has
 * itself hides what the machine has in its place. npm may write its cache, which saves the downloads of the next time.
 */
export function runInStage(
  { root, workingDirectory, environment }: Image,
  command: string,
  known: Record<string, string>,
): void {
  const around = mkdtempSync(join(tmpdir(), 'stage-'));
  const { status } = spawnSync(
    'unshare',
    ['--mount', '--propagation', 'private', 'sh', '-ec', mounts, 'sh', root, around, workingDirectory, command],
    {
      stdio: ['ignore', 'inherit', 'inherit'],
      env: { ...machineEnvironment(), ...environment, ...known },
      timeout: longestCommandMs,
    },
  );
  rmdirSync(around);
  if (status !== 0) throw new Error(`RUN ${command}: ended with ${status}`);
}

const longestCommandMs = 10 * 60_000;

/** The mounts are the command's own, and end with it. */
const mounts = `
root=$1 around=$2 directory=$3 command=$4
mount -t tmpfs around "$around"
for path in /*; do
  if [ -L "$path" ]; then cp -P "$path" "$around$path"; continue; fi
  [ -d "$path" ] && [ "$path" != /tmp ] || continue
  mkdir "$around$path"
  mount --rbind "$path" "$around$path"
  case $path in /dev | /proc | /sys) ;; *) mount -o remount,bind,ro "$around$path" ;; esac
done
mkdir -p "$around/tmp" "$HOME/.npm"
mount --bind "$HOME/.npm" "$around$HOME/.npm"
mount --bind "$root/usr/local" "$around/usr/local"
for path in "$root"/*; do
  name=\${path##*/}
  [ "$name" = usr ] && continue
  mkdir -p "$around/$name"
  mount --bind "$path" "$around/$name"
done
exec unshare --root "$around" --wd "$directory" sh -ec "$command"
`;

/** How this machine reaches its registry, and nothing that would tell npm of the checkout it runs for. */
function machineEnvironment(): Record<string, string> {
  const kept = Object.entries(process.env).filter(
    ([name]) =>
      /^(https?|no)_proxy$/i.test(name) ||
      name === 'NODE_EXTRA_CA_CERTS' ||
      name.toLowerCase() === 'npm_config_registry',
  );
  const values = Object.fromEntries(kept.map(([name, value]) => [name, value ?? '']));
  return { ...values, HOME: homedir(), PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin' };
}
