import type { Processes } from './processes.ts';
import type { FileTree } from './file-tree.ts';

/** What a program of the sandbox runs with. */
export interface Surroundings {
  files: FileTree;
  processes: Processes;
  now(): Date;
  out(text: string): void;
  err(text: string): void;
  /** Runs another program of the container; undefined where there is none of that name. */
  run(command: string[]): Promise<number> | undefined;
}

/** A program that the sandbox has built in: gives its exit code. */
export type Program = (args: string[], around: Surroundings) => number | Promise<number>;
