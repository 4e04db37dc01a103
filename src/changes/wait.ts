import type { ObjectReference } from '../kubernetes/object.ts';
import type { ChangeKind } from './change.ts';
import type { Expectation } from './expectation.ts';
import { describeExpectation, expectationKind } from './expectation-kinds.ts';
import { watchUntil } from './watch-until.ts';

/** Waits, between two other changes, until a condition holds. Writes nothing. */
export interface WaitChange {
  kind: 'wait';
  target: ObjectReference;
  until: Expectation;
}

export const waitKind: ChangeKind<WaitChange> = {
  describe: (change) => `Wait until ${describeExpectation(change.until)}`,

  permissions: (change) => expectationKind(change.until).permissions(change.until),

  async send(change, { cluster, dryRun, signal }) {
    if (dryRun) return { notVerified: true };
    await watchUntil(cluster, [change.until], { signal });
    return {};
  },

  // What was waited for has no effect of its own: the next change's reading tells.
  isDone: async () => 'done',

  values: () => ({}),

  undo: () => 'not_needed',

  target: (change) => change.target,

  isNoOp: () => false,
};
