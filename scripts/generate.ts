import { spawnSync } from 'node:child_process';
import { scriptsNamed } from './package-scripts.ts';

/** Writes every generated file anew: runs the `generate:*` scripts, one after another, and stops at the first that fails. */
for (const name of scriptsNamed('generate:')) {
  const { status } = spawnSync('npm', ['run', '--silent', name], { stdio: 'inherit' });
  if (status === 0) continue;
  console.error(`npm run ${name} failed`);
  process.exitCode = 1;
  break;
}
