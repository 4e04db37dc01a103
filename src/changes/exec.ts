import { describeReference } from '../kubernetes/describe-reference.ts';
import type { JsonObject, ObjectReference } from '../kubernetes/object.ts';
import type { ChangeKind } from './change.ts';
import { deleteOldFiles } from './delete-old-files.ts';
import { dumpHeap } from './dump-heap.ts';
import type { ExecTask, ExecTaskKind } from './exec-task.ts';

/**
 * Does something in a container of that very pod, by commands of its image: lists of arguments, which no shell sees. What
 * it found becomes part of the execution's result, under `as`.
 */
export interface ExecChange {
  kind: 'exec';
  /** With its UID. */
  target: ObjectReference;
  container: string;
  task: ExecTask;
  as: string;
}

const tasks = { delete_old_files: deleteOldFiles, dump_heap: dumpHeap };

/** A command may last as long as the run does, whose signal ends it. */
const longestMs = 24 * 60 * 60 * 1000;

export const execKind: ChangeKind<ExecChange> = {
  describe: ({ task, container, target }) =>
    `${taskKind(task).describe(task)} in container ${container} of ${describeReference(target)}`,

  // A WebSocket is a get to older API servers, and since 1.35 a create as well.
  permissions: () => [{ apiGroups: [''], resources: ['pods/exec'], verbs: ['get', 'create'] }],

  async send(change, { cluster, dryRun, signal, timeoutMs }) {
    if (dryRun) return { notVerified: true };
    const { target, container, task, as } = change;
    const found = await taskKind(task).run(task, async (command, limitBytes) => {
      // The endpoint takes no UID: that it is still the same pod is asked right before each command.
      await cluster.get(target, { signal, timeoutMs });
      const bound = limitBytes === undefined ? {} : { limitBytes };
      return await cluster.exec(target, command, { container, signal, timeoutMs: longestMs, ...bound });
    });
    return { result: { [as]: found } };
  },

  // What a command has done stands in no object.
  isDone: async () => 'unknown',

  values: ({ container, task }) => ({ after: { container, task: plain(task) } }),

  undo: () => undefined,

  target: (change) => change.target,

  isNoOp: () => false,
};

function taskKind<T extends ExecTask>(task: T): ExecTaskKind<T> {
  return ofItsName(tasks[task.name]);
}

/** The table pairs each name with its own task, a relation that the index type loses. */
function ofItsName<T extends ExecTask>(kind: unknown): ExecTaskKind<T> {
  return kind as ExecTaskKind<T>;
}

/** A task is made of JSON literals, which an interface can't say of itself. */
function plain(task: ExecTask): JsonObject {
  return task as unknown as JsonObject;
}
