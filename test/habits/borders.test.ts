import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { belongs, mayImport } from '../../scripts/lint/borders.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const folders = Object.entries(mayImport).map(([folder, allowed]) => ({
  folder,
  allowed: allowed as readonly string[],
}));
const everything = Object.keys(belongs);

let checkout: string;
beforeAll(() => {
  checkout = mkdtempSync(join(tmpdir(), 'borders-'));
  for (const name of ['oxlint.config.ts', 'scripts', 'tsconfig.json', 'node_modules'])
    symlinkSync(join(root, name), join(checkout, name));
});
afterAll(() => rmSync(checkout, { recursive: true, force: true }));

describe('the borders between folders', () => {
  test('are drawn for every folder of src/', () => {
    const present = readdirSync(join(root, 'src'));

    expect(everything).toEqual(expect.arrayContaining(present));
  });

  test('lead down: what a folder may import never leads back to it', () => {
    const reach = (name: string, seen = new Set<string>()): Set<string> => {
      for (const next of folders.find(({ folder }) => folder === name)?.allowed ?? []) {
        if (!seen.has(next)) reach(next, seen.add(next));
      }
      return seen;
    };

    expect(folders.filter(({ folder }) => reach(folder).has(folder))).toEqual([]);
  });

  test('are what the linter enforces, for each pair of folders', async () => {
    const pairs = folders.flatMap(({ folder, allowed }) =>
      everything
        .filter((other) => other !== folder)
        .map((other) => ({ folder, other, allowed: allowed.includes(other) })),
    );
    const files = folders.map(({ folder }) => ({
      path: fileIn(folder),
      text: everything
        .filter((other) => other !== folder)
        .map((other) => `import '${pathBetween(folder, other)}';\n`)
        .join(''),
    }));

    const faults = await lint(files);

    const enforced = pairs.map(({ folder, other }) => ({
      folder,
      other,
      allowed: !faults.some(
        ({ path, message }) => path === fileIn(folder) && message.startsWith(`'${pathBetween(folder, other)}'`),
      ),
    }));
    expect(enforced).toEqual(pairs);
  });

  test.each([
    [
      'an action that asks the database',
      'src/actions/peeks.ts',
      "import '../database/finish.ts';",
      /database\/.*executor\//,
    ],
    [
      'an action that uses another',
      'src/actions/peeks.ts',
      "import './cordon-node.ts';",
      /Actions do not know each other/,
    ],
    [
      'a part of an action that uses an action',
      'src/actions/planning/peeks.ts',
      "import '../cordon-node.ts';",
      /Actions do not know each other/,
    ],
    [
      'a part of an action that knows HTTP',
      'src/actions/planning/peeks.ts',
      "import '../../http/problem.ts';",
      /throw a Refusal/,
    ],
    [
      'a type, too',
      'src/kubernetes/peeks.ts',
      "export type { Execution } from '../database/execution-row.ts';",
      /executor\//,
    ],
    [
      'an import that comes later',
      'src/policy/peeks.ts',
      "export const later = () => import('../http/problem.ts');",
      /throw a Refusal/,
    ],
    ['SQL outside the database', 'src/executor/peeks.ts', "import 'postgres';", /SQL belongs in src\/database/],
    ['SQL in an endpoint', 'functions/peeks.ts', "import 'drizzle-orm';", /SQL belongs in src\/database/],
    ['HTTP in the core', 'src/executor/peeks.ts', "import 'hono';", /throw a Refusal/],
    ['files in the core', 'src/executor/peeks.ts', "import 'node:fs/promises';", /platform\//],
    ['spans in the core', 'src/executor/peeks.ts', "import '@opentelemetry/api';", /observer/],
    [
      'the environment outside config',
      'src/executor/peeks.ts',
      'export const level = process.env.LOG_LEVEL;',
      /process\.env/,
    ],
    [
      'a cast in the middle of a line',
      'src/executor/peeks.ts',
      'export const length = (value: unknown) => (value as string).length;',
      /A cast stands alone/,
    ],
    ['a default export', 'src/executor/peeks.ts', 'export default 1;', /named exports/i],
  ])('%s is caught, and told where it belongs', async (_, path, text, message) => {
    const faults = await lint([{ path, text: `${text}\n` }]);

    expect(faults.map((fault) => fault.message)).toEqual([expect.stringMatching(message)]);
  });

  test.each([
    [
      'an action that uses what all share',
      'src/actions/fine.ts',
      "import './define.ts';\nimport './planning/scale-workload.ts';\nimport '../changes/plan.ts';",
    ],
    ['the registry that lists them all', 'src/actions/registry.ts', "import './cordon-node.ts';"],
    ['SQL in a migration', 'src/platform/migrate.ts', "import 'postgres';"],
    [
      'a cast in a function of its own, with its reason',
      'src/executor/fine.ts',
      '/** The column is JSON. */\nexport function textOf(value: unknown): string {\n  return value as string;\n}',
    ],
  ])('%s is let through', async (_, path, text) => {
    expect(await lint([{ path, text: `${text}\n` }])).toEqual([]);
  });
});

/** What the project's linter finds in these files, at these places of a checkout. */
async function lint(files: { path: string; text: string }[]): Promise<{ path: string; message: string }[]> {
  for (const { path, text } of files) {
    mkdirSync(dirname(join(checkout, path)), { recursive: true });
    writeFileSync(join(checkout, path), text);
  }
  const args = ['--format', 'json', '--allow', 'import/no-unassigned-import', ...files.map(({ path }) => path)];
  const stdout = await new Promise<string>((resolve) => {
    execFile(join(root, 'node_modules/.bin/oxlint'), args, { cwd: checkout, maxBuffer: 1 << 24 }, (_error, output) =>
      resolve(output),
    );
  });
  for (const { path } of files) rmSync(join(checkout, path));
  const { diagnostics }: { diagnostics: { filename: string; message: string; help?: string }[] } = JSON.parse(stdout);
  return diagnostics.map(({ filename, message, help = '' }) => ({ path: filename, message: `${message} ${help}` }));
}

function fileIn(folder: string): string {
  if (folder === 'functions') return 'functions/trespasser.ts';
  return folder.endsWith('.ts') ? `src/${folder}` : `src/${folder}/trespasser.ts`;
}

function pathBetween(folder: string, other: string): string {
  const path = other.endsWith('.ts') ? other : `${other}/some-file.ts`;
  if (folder === 'functions') return `../src/${path}`;
  if (other === 'functions') return folder.endsWith('.ts') ? `../${path}` : `../../${path}`;
  return folder.endsWith('.ts') ? `./${path}` : `../${path}`;
}
