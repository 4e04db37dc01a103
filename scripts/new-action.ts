import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** `npm run new:action -- restart_widget`: the action's file, its line in the registry, and a test that fails until it is written. */
const [name = ''] = process.argv.slice(2);
const words = name.split('_');
const file = words.join('-');
const variable = words
  .map((word, index) => (index === 0 ? word : word.charAt(0).toUpperCase() + word.slice(1)))
  .join('');

const paths = {
  action: pathOf(`src/actions/${file}.ts`),
  test: pathOf(`test/actions/${file}.test.ts`),
  registry: pathOf('src/actions/registry.ts'),
};

const fault = faultOf(name);
if (fault) {
  console.error(fault);
  process.exitCode = 1;
} else {
  const registry = registered(readFileSync(paths.registry, 'utf8'));
  mkdirSync(pathOf('test/actions'), { recursive: true });
  writeFileSync(paths.action, actionText());
  writeFileSync(paths.test, testText());
  writeFileSync(paths.registry, registry);
  console.log(`src/actions/${file}.ts        declare it: what it acts on, what it may do, and its plan
src/actions/registry.ts        has it as the last of the catalogue; move it where it belongs
test/actions/${file}.test.ts  fails until you have written it

CONTRIBUTING.md goes through an action step by step. Then: npm run generate && npm run check && npm test`);
}

function faultOf(given: string): string | undefined {
  if (!/^[a-z]+(_[a-z]+)+$/.test(given)) {
    return `${given === '' ? 'No name was given' : `${given} is no name of an action`}: a verb and what it acts on, such as restart_widget`;
  }
  const taken = [paths.action, paths.test].find((path) => existsSync(path));
  return taken && `${taken} exists already; choose another name or work on that one`;
}

/** The registry with the action in it: the import in its alphabetical place, the entry at the end of the list. */
function registered(registry: string): string {
  const lines = registry.split('\n');
  const imported = `import { ${variable} } from './${file}.ts';`;
  const own = lines.flatMap((line, index) =>
    / from '\.\/[a-z-]+\.ts';$/.test(line) ? [{ index, from: fromOf(line) }] : [],
  );
  const behind = own.find(({ from }) => from > fromOf(imported))?.index ?? (own.at(-1)?.index ?? -1) + 1;
  lines.splice(behind, 0, imported);
  const start = lines.findIndex((line) => line.startsWith('export const actions'));
  const end = lines.indexOf('];', start);
  if (start < 0 || end < 0) throw new Error(`${paths.registry} has no list "export const actions … = [ … ];"`);
  lines.splice(end, 0, `  ${variable},`);
  return lines.join('\n');
}

function fromOf(line: string): string {
  return line.slice(line.indexOf(" from './"));
}

function actionText(): string {
  return `import * as z from 'zod';
import { defineAction } from './define.ts';

export const ${variable} = defineAction({
  name: '${name}',
  summary: '',
  targets: [],
  risk: 'high',
  again: 'acts',
  parameters: z.strictObject({}),
  refuses: [],
  permissions: [],
  examples: [],

  plan: async ({ target }) => {
    throw new Error(\`${name} does not plan anything for \${target.name} yet\`);
  },
});
`;
}

function testText(): string {
  return `import { describe, expect, test } from 'vitest';
import { findAction } from '../../src/actions/registry.ts';

describe('${name}', () => {
  test('says what it does, on what, and with which permissions', () => {
    const action = findAction('${name}');

    expect(action?.summary).toMatch(/^[A-Z].{10,}\\.$/);
    expect(action?.targets).not.toEqual([]);
    expect(action?.permissions).not.toEqual([]);
  });

  test('has its effect, sees that it holds, and can be undone', () => {
    expect.fail('write this test through the front door, with startService(), as test/e2e/scale.test.ts does');
  });

  test('refuses what stands against it, and names it', () => {
    expect.fail('write one test for each entry of \`refuses\`; take this one away if it has none');
  });
});
`;
}

function pathOf(path: string): string {
  return fileURLToPath(new URL(`../${path}`, import.meta.url));
}
