import type { JsonObject } from '../kubernetes/object.ts';
import type { DeleteOldFiles } from './delete-old-files.ts';
import type { DumpHeap } from './dump-heap.ts';
import type { RunCommand } from './run-command.ts';

/** What can be done in a container. Each is a few commands, of which the later ones need what the earlier ones found. */
export type ExecTask = DeleteOldFiles | DumpHeap;

export interface ExecTaskKind<T> {
  /** In words, without the container. */
  describe(task: T): string;
  /** Runs its commands; gives what they found. Throws ChangeFailed, or KubernetesError where a command could not be run. */
  run(task: T, run: RunCommand): Promise<JsonObject>;
}
