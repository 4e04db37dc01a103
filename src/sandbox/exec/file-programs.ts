import { FileError, type Entry } from './file-tree.ts';
import { sizeOf } from './find.ts';
import type { Program, Surroundings } from './program.ts';

/** What is kept of a file's content; the rest is only counted. */
const CONTENT_LIMIT = 4_096;
const UNITS: Record<string, number> = {
  second: 1,
  sec: 1,
  minute: 60,
  min: 60,
  hour: 3_600,
  day: 86_400,
  week: 604_800,
};

export const echo: Program = (args, { out }) => {
  out(`${args.join(' ')}\n`);
  return 0;
};

export const readlink: Program = (args, around) => {
  const [path = ''] = operands(args);
  if (args.some((arg) => arg === '-f' || arg === '--canonicalize')) return realpath(args, around, true);
  const entry = around.files.find(path, true);
  if (entry?.type !== 'link') return 1;
  around.out(`${entry.to}\n`);
  return 0;
};

/** `readlink -f` says nothing of what it can't resolve. */
export function realpath(args: string[], around: Surroundings, isSilent = false): number {
  return each('realpath', operands(args), around, (path) => {
    const real = around.files.resolve(path);
    if (real !== undefined) around.out(`${real}\n`);
    else if (isSilent) return 1;
    else throw new FileError('No such file or directory');
    return 0;
  });
}

export const stat: Program = (args, around) => {
  const at = args.findIndex((arg) => arg === '-c' || arg === '--format');
  const format = at < 0 ? '%n %s' : (args[at + 1] ?? '');
  const paths = operands(at < 0 ? args : args.toSpliced(at, 2));
  return each('stat: cannot statx', paths, around, (path) => {
    const entry = existing(around.files.find(path, true));
    const values: Record<string, string> = {
      '%s': String(sizeOf(entry)),
      '%n': path,
      '%Y': String(Math.floor(entry.changed / 1000)),
      '%F': { file: 'regular file', folder: 'directory', link: 'symbolic link' }[entry.type],
    };
    around.out(`${format.replaceAll(/%./g, (part) => values[part] ?? part)}\n`);
    return 0;
  });
};

export const ls: Program = (args, around) => {
  const paths = operands(args);
  return each('ls: cannot access', paths.length > 0 ? paths : ['/'], around, (path) => {
    const entry = existing(around.files.find(path));
    const names = entry.type === 'folder' ? [...entry.entries.keys()].sort() : [path];
    around.out(names.map((name) => `${name}\n`).join(''));
    return 0;
  });
};

export const cat: Program = (args, around) =>
  each('cat', operands(args), around, (path) => {
    around.out(contentOf(existing(around.files.find(path))));
    return 0;
  });

/** `head -c BYTES PATH` */
export const head: Program = (args, around) => {
  const at = args.indexOf('-c');
  const paths = operands(at < 0 ? args : args.toSpliced(at, 2));
  return each('head: cannot open', paths, around, (path) => {
    const content = contentOf(existing(around.files.find(path)));
    around.out(at < 0 ? content.split('\n').slice(0, 10).join('\n') : content.slice(0, Number(args[at + 1])));
    return 0;
  });
};

export const mkdir: Program = (args, around) =>
  each('mkdir: cannot create directory', operands(args), around, (path) => {
    const isNew = around.files.find(path) === undefined;
    if (!isNew && !args.includes('-p')) throw new FileError('File exists');
    if (!args.includes('-p') && around.files.resolve(path) === undefined)
      throw new FileError('No such file or directory');
    around.files.makeFolders(path);
    return 0;
  });

/** `ln -s TO PATH` */
export const ln: Program = (args, around) => {
  const [to = '', ...paths] = operands(args);
  if (!args.includes('-s')) {
    around.err('ln: only symbolic links are made in the sandbox\n');
    return 1;
  }
  return each('ln: failed to create symbolic link', paths, around, (path) => {
    around.files.link(path, to);
    return 0;
  });
};

export const rm: Program = (args, around) => {
  const given = args.filter((arg) => arg.startsWith('-')).join('');
  return each('rm: cannot remove', operands(args), around, (path) => {
    const entry = around.files.find(path, true);
    if (entry === undefined && given.includes('f')) return 0;
    if (entry?.type === 'folder' && !given.includes('r')) throw new FileError('Is a directory');
    around.files.remove(path, true);
    return 0;
  });
};

/** `truncate -s SIZE PATH` */
export const truncate: Program = (args, around) => {
  const at = args.indexOf('-s');
  const size = Number(args[at + 1]);
  return each('truncate: cannot open', operands(args.toSpliced(at, 2)), around, (path) => {
    around.files.put(path, (before, now) => ({
      type: 'file',
      size,
      content: before?.type === 'file' ? before.content.slice(0, size) : '',
      changed: now,
    }));
    return 0;
  });
};

/** `touch [-d 'N days ago'] PATH` */
export const touch: Program = (args, around) => {
  const at = args.indexOf('-d');
  const changed = at < 0 ? around.now().getTime() : momentOf(args[at + 1] ?? '', around.now());
  if (changed === undefined) {
    around.err(`touch: invalid date format '${args[at + 1] ?? ''}'\n`);
    return 1;
  }
  return each('touch: cannot touch', operands(at < 0 ? args : args.toSpliced(at, 2)), around, (path) => {
    around.files.put(path, (before) => ({ ...(before ?? { type: 'file', size: 0, content: '' }), changed }));
    return 0;
  });
};

/** A file of that size, of which the beginning is kept. */
export function fileOf(content: string, size: number, changed: number): Entry {
  return { type: 'file', size, content: content.slice(0, CONTENT_LIMIT), changed };
}

function momentOf(text: string, now: Date): number | undefined {
  const [, amount, unit = ''] = /^(\d+) (\w+?)s? ago$/.exec(text) ?? [];
  if (amount !== undefined && unit in UNITS) return now.getTime() - Number(amount) * (UNITS[unit] ?? 0) * 1000;
  const moment = Date.parse(text);
  return Number.isNaN(moment) ? undefined : moment;
}

function operands(args: string[]): string[] {
  return args.filter((arg) => !arg.startsWith('-'));
}

function existing(entry: Entry | undefined): Entry {
  if (entry === undefined) throw new FileError('No such file or directory');
  return entry;
}

function contentOf(entry: Entry): string {
  if (entry.type === 'folder') throw new FileError('Is a directory');
  return entry.type === 'file' ? entry.content.padEnd(Math.min(entry.size, CONTENT_LIMIT), '\0') : '';
}

/** Does it for each path, and says of those that fail why; the exit code is 1 then. */
function each(words: string, paths: string[], around: Surroundings, act: (path: string) => number): number {
  let code = 0;
  for (const path of paths) {
    try {
      code = Math.max(code, act(path));
    } catch (error) {
      if (!(error instanceof FileError)) throw error;
      around.err(`${words} '${path}': ${error.message}\n`);
      code = 1;
    }
  }
  return code;
}
