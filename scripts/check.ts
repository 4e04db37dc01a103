import { spawnSync } from 'node:child_process';
import { scriptsNamed } from './package-scripts.ts';

/** Runs every `check:*` script, one after another, all of them even where one fails, and sums up. */
const results = scriptsNamed('check:').map((name) => {
  const startedAtMs = performance.now();
  const { status, stdout, stderr } = spawnSync('npm', ['run', '--silent', name], {
    encoding: 'utf8',
    maxBuffer: 1 << 26,
  });
  const seconds = ((performance.now() - startedAtMs) / 1000).toFixed(1);
  if (status !== 0) process.stdout.write(`\n${stdout}${stderr}\n`);
  console.log(`${status === 0 ? 'ok    ' : 'FAILED'} ${name} (${seconds} s)`);
  return { name, ok: status === 0 };
});

const failed = results.filter(({ ok }) => !ok).map(({ name }) => name);
if (failed.length > 0) console.log(`\nTo see one alone: npm run ${failed[0]}`);
process.exitCode = failed.length > 0 ? 1 : 0;
