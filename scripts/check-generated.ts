import { execFileSync, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

/**
 * Whether every generated file is what its generator writes now. The generators run in a copy of the checkout, so that
 * this one stays as it is, and any file that they leave different is stale here.
 */
const root = fileURLToPath(new URL('..', import.meta.url));
const copy = mkdtempSync(join(tmpdir(), 'check-generated-'));
try {
  for (const path of filesOf(root)) cpSync(join(root, path), join(copy, path));
  symlinkSync(join(root, 'node_modules'), join(copy, 'node_modules'));
  const before = hashesOf(copy);
  const { status } = spawnSync('npm', ['run', '--silent', 'generate'], { cwd: copy, stdio: 'inherit' });
  const stale = [...hashesOf(copy)].filter(([path, hash]) => before.get(path) !== hash).map(([path]) => path);
  for (const path of stale) console.error(`${path} is not what its generator writes; npm run generate`);
  process.exitCode = status !== 0 || stale.length > 0 ? 1 : 0;
} finally {
  rmSync(copy, { recursive: true, force: true });
}

/** Tracked files and new ones, without what .gitignore names. */
function filesOf(folder: string): string[] {
  const listed = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard', '-z'], {
    cwd: folder,
    encoding: 'utf8',
  });
  return listed
    .split('\0')
    .filter((path) => path !== '' && statSync(join(folder, path), { throwIfNoEntry: false })?.isFile());
}

function hashesOf(folder: string): Map<string, string> {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .filter(({ parentPath }) => !relative(folder, parentPath).startsWith('node_modules'));
  return new Map(
    files.map(({ parentPath, name }) => {
      const path = join(parentPath, name);
      return [relative(folder, path), createHash('sha256').update(readFileSync(path)).digest('hex')];
    }),
  );
}
