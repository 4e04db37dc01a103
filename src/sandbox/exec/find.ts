import type { Entry } from './file-tree.ts';
import { FileError } from './file-tree.ts';
import type { Program, Surroundings } from './program.ts';

/** One file that `find` has come to. */
interface Found {
  path: string;
  entry: Entry;
}
/** A test or an action; the first that is false ends it for the file. */
type Step = (found: Found, around: Surroundings) => boolean | Promise<boolean>;
interface Wish {
  steps: Step[];
  acts: boolean;
  depthFirst: boolean;
  oneFilesystem: boolean;
}

const TYPES: Record<string, string> = { f: 'file', d: 'folder', l: 'link' };

/** `find PATH [-xdev] [-type] [-name] [-size] [-mmin] [-mtime] [-print] [-printf] [-delete] [-exec … ;]`, all of them joined by `and`. */
export const find: Program = async (args, around) => {
  const first = args.findIndex((arg) => arg.startsWith('-'));
  const paths = first < 0 ? args : args.slice(0, first);
  const wish = read(first < 0 ? [] : args.slice(first), around);
  if (typeof wish === 'string') {
    around.err(`find: ${wish}\n`);
    return 1;
  }
  if (!wish.acts) wish.steps.push(printed);
  let code = 0;
  for (const path of paths.length > 0 ? paths : ['.']) {
    const entry = around.files.find(path, !path.endsWith('/'));
    if (entry) code = Math.max(code, await walk({ path, entry }, wish, around));
    else {
      around.err(`find: '${path}': No such file or directory\n`);
      code = 1;
    }
  }
  return code;
};

async function walk(found: Found, wish: Wish, around: Surroundings): Promise<number> {
  let code = 0;
  if (!wish.depthFirst) code = await visit(found, wish, around);
  if (found.entry.type === 'folder') {
    const prefix = found.path.endsWith('/') ? found.path : `${found.path}/`;
    for (const [name, entry] of found.entry.entries) {
      // Another filesystem is looked at, and not gone into.
      const elsewhere = wish.oneFilesystem && entry.type === 'folder' && entry.mount;
      const below = { path: prefix + name, entry };
      code = Math.max(code, await (elsewhere ? visit(below, wish, around) : walk(below, wish, around)));
    }
  }
  return wish.depthFirst ? Math.max(code, await visit(found, wish, around)) : code;
}

async function visit(found: Found, wish: Wish, around: Surroundings): Promise<number> {
  try {
    for (const step of wish.steps) if (!(await step(found, around))) return 0;
    return 0;
  } catch (error) {
    if (!(error instanceof FileError)) throw error;
    around.err(`find: cannot delete '${found.path}': ${error.message}\n`);
    return 1;
  }
}

function printed({ path }: Found, around: Surroundings): boolean {
  around.out(`${path}\n`);
  return true;
}

function read(words: string[], around: Surroundings): Wish | string {
  const wish: Wish = { steps: [], acts: false, depthFirst: false, oneFilesystem: false };
  const act = (step: Step): void => {
    wish.steps.push(step);
    wish.acts = true;
  };
  while (words.length > 0) {
    const word = words.shift() ?? '';
    const bare = flags[word];
    if (word === '-delete') wish.depthFirst = true;
    if (bare === 'one') wish.oneFilesystem = true;
    else if (bare === 'depth') wish.depthFirst = true;
    else if (bare) act(bare);
    else if (word === '-exec') {
      const end = words.indexOf(';');
      if (end < 0) return "missing argument to `-exec'";
      const command = words.splice(0, end + 1).slice(0, -1);
      act(({ path }) =>
        executed(
          command.map((part) => part.replaceAll('{}', path)),
          around,
        ),
      );
    } else {
      const value = words.shift();
      if (!(word in tests) && word !== '-printf') return `unknown predicate \`${word}'`;
      if (value === undefined) return `missing argument to \`${word}'`;
      if (word === '-printf') act((found) => printedAs(value, found, around));
      else {
        const step = tests[word]?.(value, around.now().getTime());
        if (!step) return `invalid argument \`${value}' to \`${word}'`;
        wish.steps.push(step);
      }
    }
  }
  return wish;
}

const flags: Record<string, 'one' | 'depth' | Step> = {
  '-xdev': 'one',
  '-mount': 'one',
  '-depth': 'depth',
  '-print': printed,
  '-delete': ({ path }, around) => {
    around.files.remove(path);
    return true;
  },
};

const tests: Record<string, (value: string, now: number) => Step | undefined> = {
  '-type': (value) => (TYPES[value] ? ({ entry }) => entry.type === TYPES[value] : undefined),
  '-name': (value) => {
    const pattern = new RegExp(
      `^${value
        .replaceAll(/[.+^${}()|\\]/g, String.raw`\$&`)
        .replaceAll('*', '.*')
        .replaceAll('?', '.')}$`,
    );
    return ({ path }) => pattern.test(path.replace(/\/+$/, '').split('/').at(-1) ?? '');
  },
  '-mmin': (value, now) => compared(value, ({ entry }) => (now - entry.changed) / 60_000),
  // Whole days; what is left over is dropped before comparing.
  '-mtime': (value, now) => compared(value, ({ entry }) => Math.floor((now - entry.changed) / 86_400_000)),
};

function compared(value: string, measure: (found: Found) => number): Step | undefined {
  const [, sign, digits] = /^([+-]?)(\d+)$/.exec(value) ?? [];
  if (digits === undefined) return undefined;
  const limit = Number(digits);
  if (sign === '+') return (found) => measure(found) > limit;
  return sign === '-' ? (found) => measure(found) < limit : (found) => Math.ceil(measure(found)) === limit;
}

function printedAs(format: string, { path, entry }: Found, around: Surroundings): boolean {
  const values: Record<string, string> = {
    '%s': String(sizeOf(entry)),
    '%p': path,
    '%f': path.split('/').at(-1) ?? '',
    '%T@': (entry.changed / 1000).toFixed(10),
    '%%': '%',
    '\\n': '\n',
    '\\t': '\t',
    '\\0': '\0',
    '\\\\': '\\',
  };
  around.out(format.replaceAll(/%T@|%.|\\./g, (part) => values[part] ?? part));
  return true;
}

async function executed(command: string[], around: Surroundings): Promise<boolean> {
  const running = around.run(command);
  if (running === undefined) around.err(`find: '${command[0] ?? ''}': No such file or directory\n`);
  return (await running) === 0;
}

/** As `stat` tells it. */
export function sizeOf(entry: Entry): number {
  return entry.type === 'file' ? entry.size : entry.type === 'link' ? entry.to.length : 4096;
}
