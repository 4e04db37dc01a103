import { cpSync, existsSync, mkdirSync, readFileSync, statSync } from 'node:fs';
import { basename, join, posix } from 'node:path';
import { layOutBase } from './base-images.ts';
import { type Instruction, parseDockerfile } from './dockerfile.ts';
import { isIgnored } from './docker-ignore.ts';
import { runInStage } from './run-in-stage.ts';

/** An image as a folder, and what its Dockerfile says of how to start it. */
export interface Image {
  root: string;
  workingDirectory: string;
  /** Numeric, as `uid:gid`. */
  user: string;
  entrypoint: string[];
  environment: Record<string, string>;
  labels: Record<string, string>;
}

export interface BuildContext {
  dockerfile: string;
  /** What `docker build` is given; `.dockerignore` in it holds. */
  context: string;
  /** Where the trees of the stages are made. */
  folder: string;
  buildArguments: Record<string, string>;
}

/** Executes a Dockerfile without a container engine: the last stage's tree. Needs root, for the mounts of RUN. */
export function assembleImage(build: BuildContext): Image {
  const images = new Map<string, Image>();
  let last: Image | undefined;
  for (const [index, { base, name, instructions }] of parseDockerfile(
    readFileSync(build.dockerfile, 'utf8'),
  ).entries()) {
    last = emptyImage(join(build.folder, name ?? `stage-${index}`));
    layOutBase(base, last.root);
    const stage: Stage = { image: last, images, build, known: {} };
    for (const instruction of instructions) carryOut(stage, instruction);
    if (name) images.set(name, last);
  }
  if (!last) throw new Error(`${build.dockerfile} has no FROM`);
  return last;
}

interface Stage {
  image: Image;
  images: ReadonlyMap<string, Image>;
  build: BuildContext;
  /** The ARGs so far. */
  known: Record<string, string>;
}

function carryOut(stage: Stage, instruction: Instruction): void {
  const { image, known, build } = stage;
  const { word, rest, line } = instruction;
  const [key, value] = pair(expand(rest, { ...image.environment, ...known }));
  switch (word) {
    case 'ARG':
      known[key] = build.buildArguments[key] ?? value ?? '';
      return;
    case 'ENV':
      image.environment[key] = value ?? '';
      return;
    case 'LABEL':
      image.labels[key] = value ?? '';
      return;
    case 'WORKDIR':
      image.workingDirectory = rest;
      mkdirSync(join(image.root, rest), { recursive: true });
      return;
    case 'USER':
      image.user = rest;
      return;
    case 'ENTRYPOINT':
      image.entrypoint = JSON.parse(rest);
      return;
    case 'EXPOSE':
      return;
    case 'COPY':
      copy(stage, rest.split(/\s+/));
      return;
    case 'RUN':
      runInStage(image, rest, known);
      return;
    default:
      throw new Error(`Dockerfile:${line}: scripts/image/assemble.ts can't carry out ${word}; write it there`);
  }
}

function copy({ image, images, build }: Stage, words: string[]): void {
  const from = words[0]?.startsWith('--from=') ? words.shift()?.slice('--from='.length) : undefined;
  const destination = words.pop() ?? '';
  const target = join(image.root, posix.resolve(image.workingDirectory, destination));
  const source = from === undefined ? build.context : images.get(from)?.root;
  if (source === undefined) throw new Error(`COPY --from=${from}: there is no such stage`);
  for (const word of words) {
    if (from === undefined && isIgnored(build.context, word))
      throw new Error(`.dockerignore keeps ${word} out of the context`);
    const path = join(source, word);
    // A folder's content is copied; a file goes into what ends in a slash or is a folder already.
    const into = !statSync(path).isDirectory() && (destination.endsWith('/') || isFolder(target));
    cpSync(path, into ? join(target, basename(word)) : target, { recursive: true, verbatimSymlinks: true });
  }
}

function isFolder(path: string): boolean {
  return existsSync(path) && statSync(path).isDirectory();
}

/** `KEY=value`, `KEY="a value"` or `KEY`. */
function pair(text: string): [string, string | undefined] {
  const [, key = text, value] = /^([^=]+)=(.*)$/.exec(text) ?? [];
  return [key, value?.replace(/^"(.*)"$/, '$1')];
}

function expand(text: string, values: Record<string, string>): string {
  return text.replaceAll(/\$\{?(\w+)\}?/g, (_, name: string) => values[name] ?? '');
}

function emptyImage(root: string): Image {
  return { root, workingDirectory: '/', user: '0:0', entrypoint: [], environment: {}, labels: {} };
}
