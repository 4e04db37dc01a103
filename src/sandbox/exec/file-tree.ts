/** A file, folder or symbolic link of a container. Of large files only the size is kept. */
export type Entry =
  | { type: 'file'; size: number; content: string; changed: number }
  | { type: 'folder'; entries: Map<string, Entry>; changed: number; mount: boolean }
  | { type: 'link'; to: string; changed: number };
export type Folder = Extract<Entry, { type: 'folder' }>;

/** As Linux would refuse it; the message is what programs print after the path. */
export class FileError extends Error {}

const LINKS_LIMIT = 40;
const common = [
  '/bin',
  '/etc/ssl',
  '/home',
  '/opt',
  '/proc',
  '/root',
  '/tmp',
  '/usr/bin',
  '/var/cache',
  '/var/lib',
  '/var/log',
  '/var/tmp',
];

/** The files of one container, in memory alone: no command of the sandbox comes near the machine's own. */
export class FileTree {
  readonly #now: () => Date;
  readonly #root: Folder;

  constructor(now: () => Date, mounts: string[] = []) {
    this.#now = now;
    this.#root = this.#newFolder(true);
    for (const path of common) this.makeFolders(path);
    for (const path of mounts) this.makeFolders(path).mount = true;
  }

  /** What stands at the path; a link that stands there itself is followed unless `asItIs`. */
  find(path: string, asItIs = false): Entry | undefined {
    const real = asItIs ? this.#besides(path) : this.resolve(path);
    return real === undefined ? undefined : this.#at(real);
  }

  /** The path without links, `.` and `..`. All but its last part has to be there; undefined where that is not so. */
  resolve(path: string): string | undefined {
    const waiting = partsOf(path);
    const done: string[] = [];
    let links = 0;
    while (waiting.length > 0) {
      const part = waiting.shift() ?? '';
      if (part === '..') done.pop();
      else if (part !== '.') {
        const entry = this.#at(`/${[...done, part].join('/')}`);
        if (entry?.type === 'link') {
          links += 1;
          if (links > LINKS_LIMIT) return undefined;
          if (entry.to.startsWith('/')) done.length = 0;
          waiting.unshift(...partsOf(entry.to));
        } else if (waiting.length > 0 && entry?.type !== 'folder') return undefined;
        else done.push(part);
      }
    }
    return `/${done.join('/')}`;
  }

  makeFolders(path: string): Folder {
    let folder = this.#root;
    for (const part of partsOf(this.resolve(path) ?? path)) {
      const next = folder.entries.get(part) ?? this.#newFolder();
      if (next.type !== 'folder') throw new FileError('File exists');
      folder.entries.set(part, next);
      folder = next;
    }
    return folder;
  }

  /** Puts an entry at a path whose folder is there; links on the way, and at its end, are followed. */
  put(path: string, make: (before: Entry | undefined, now: number) => Entry): void {
    const real = this.resolve(path);
    if (real === undefined) throw new FileError('No such file or directory');
    this.#putAt(real, make);
  }

  link(path: string, to: string): void {
    const place = this.#besides(path);
    if (place === undefined) throw new FileError('No such file or directory');
    if (this.#at(place)) throw new FileError('File exists');
    this.#putAt(place, (_before, now) => ({ type: 'link', to, changed: now }));
  }

  /** A folder has to be empty unless `whole`. */
  remove(path: string, whole = false): void {
    const place = this.#besides(path);
    const entry = place === undefined ? undefined : this.#at(place);
    if (place === undefined || entry === undefined) throw new FileError('No such file or directory');
    if (entry.type === 'folder' && entry.entries.size > 0 && !whole) throw new FileError('Directory not empty');
    this.#folderOf(place).entries.delete(nameOf(place));
  }

  /** The path with the links of its folder followed, and not its own. */
  #besides(path: string): string | undefined {
    const parts = partsOf(path);
    const last = parts.pop();
    if (last === undefined || last === '.' || last === '..') return this.resolve(path);
    const folder = this.resolve(`/${parts.join('/')}`);
    return folder === undefined ? undefined : `${folder === '/' ? '' : folder}/${last}`;
  }

  #putAt(real: string, make: (before: Entry | undefined, now: number) => Entry): void {
    const now = this.#now().getTime();
    this.#folderOf(real).entries.set(nameOf(real), make(this.#at(real), now));
  }

  #folderOf(real: string): Folder {
    const folder = this.#at(`/${partsOf(real).slice(0, -1).join('/')}`);
    if (folder === undefined) throw new FileError('No such file or directory');
    if (folder.type !== 'folder') throw new FileError('Not a directory');
    return folder;
  }

  #at(real: string): Entry | undefined {
    let entry: Entry | undefined = this.#root;
    for (const part of partsOf(real)) entry = entry?.type === 'folder' ? entry.entries.get(part) : undefined;
    return entry;
  }

  #newFolder(mount = false): Folder {
    return { type: 'folder', entries: new Map(), changed: this.#now().getTime(), mount };
  }
}

function partsOf(path: string): string[] {
  return path.split('/').filter((part) => part !== '');
}

function nameOf(real: string): string {
  return partsOf(real).at(-1) ?? '';
}
