import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** `npm run new:action -- restart_widget`: the action's file, its line in the registry, and scenarios that fail until they are written. */
const [name = ''] = process.argv.slice(2);
const words = name.split('_');
const file = words.join('-');
const variable = words
  .map((word, index) => (index === 0 ? word : word.charAt(0).toUpperCase() + word.slice(1)))
  .join('');

const paths = {
  action: pathOf(`src/actions/${file}.ts`),
  scenarios: pathOf(`test/scenarios/${file}.ts`),
  registry: pathOf('src/actions/registry.ts'),
};

const fault = faultOf(name);
if (fault) {
  console.error(fault);
  process.exitCode = 1;
} else {
  const registry = registered(readFileSync(paths.registry, 'utf8'));
  writeFileSync(paths.action, actionText());
  writeFileSync(paths.scenarios, scenariosText());
  writeFileSync(paths.registry, registry);
  console.log(`src/actions/${file}.ts        declare it: what it acts on, what it may do, and its plan
src/actions/registry.ts        has it as the last of the catalogue; move it where it belongs
test/scenarios/${file}.ts    the matrix fails until you have written them

MATRIX_ACTIONS=${name} npm run test:matrix runs them alone.

CONTRIBUTING.md goes through an action step by step. Then: npm run generate && npm run check && npm test`);
}

function faultOf(given: string): string | undefined {
  if (!/^[a-z]+(_[a-z]+)+$/.test(given)) {
    return `${given === '' ? 'No name was given' : `${given} is no name of an action`}: a verb and what it acts on, such as restart_widget`;
  }
  const taken = [paths.action, paths.scenarios].find((path) => existsSync(path));
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

function scenariosText(): string {
  return `import type { Scenarios } from './scenario.ts';

export const scenarios: Scenarios = {
  effects: {
    'what happens': async () => {
      throw new Error('Make a target, and say what to ask of it and what can be seen afterwards');
    },
  },
  refusals: {
    'what it says no to': async () => {
      throw new Error('Write one for each entry of \`refuses\`');
    },
  },
};
`;
}

function pathOf(path: string): string {
  return fileURLToPath(new URL(`../${path}`, import.meta.url));
}
