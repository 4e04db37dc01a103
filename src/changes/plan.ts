import type { Json, ObjectReference } from '../kubernetes/object.ts';
import { changeKind, changesOf } from './change-kinds.ts';
import type { Change, ChangeStep } from './change.ts';
import type { Expectation } from './expectation.ts';
import { fieldEquals } from './field-equals.ts';
import { gone } from './gone.ts';
import { rolledOut } from './rollout-complete.ts';
import { secretRestored } from './secrets/secret-restored.ts';
import type { Report } from './report.ts';

/**
 * What an action wants done: what to change, what must hold afterwards, how to undo it. Plain JSON, so that it can be
 * shown, stored, hashed, carried out by one replica and settled by another.
 */
export interface Plan {
  changes: ChangeStep[];
  expectations: Expectation[];
  undo: Undo;
  /** The undo begins with what was done first, where its later changes rely on the earlier ones being taken back. */
  undoInOrder?: true;
  /** Taken back by itself so long after it took effect, by an execution that waits in the queue meanwhile. */
  undoAfterMs?: number;
  /**
   * So many steps make what the rest is planned from hold still: once they have changed something, the rest is planned
   * anew. A pod may have come to a node between the reading and the cordon.
   */
  lookAgainAfter?: number;
  /** Objects that are locked beside those that the changes name, such as the owner of a pod. */
  holds: ObjectReference[];
  warnings: string[];
  /** What makes this plan riskier than its action is by itself; any raises the level by one. */
  riskReasons: string[];
  /** What to say once it is done, where the changes' own words do not tell it. */
  summary?: string;
  /** What a reading action found, or what a writing one has to tell beyond its changes. */
  result?: Json;
  /** What is read at the end, also of a run that failed, and added to the result. */
  reports?: Report[];
}

/** How a plan is taken back, or the sentence that says why it can't be. */
export type Undo = { changes: ChangeStep[]; expectations: Expectation[] } | NoUndo;

export interface NoUndo {
  reason: string;
}

export interface PlanParts {
  changes: ChangeStep[];
  expect?: Expectation[];
  /** Left out: each change taken back by its own kind, in reverse. */
  undo?: NoUndo;
  /** Not in reverse: the first change is taken back first. */
  undoInOrder?: true;
  /** Left out: it stays until somebody takes it back. */
  undoAfterMs?: number | undefined;
  /** What must hold once the undo is done, beside its own fields. */
  undoExpect?: Expectation[];
  lookAgainAfter?: number;
  holds?: ObjectReference[];
  warnings?: string[];
  riskReasons?: string[];
  summary?: string;
  result?: Json;
  reports?: Report[];
}

/** Puts a plan together from what an action gives. */
export function plan(parts: PlanParts): Plan {
  const {
    changes,
    expect = [],
    undo,
    undoInOrder,
    undoAfterMs,
    undoExpect = [],
    lookAgainAfter,
    holds = [],
    warnings = [],
    riskReasons = [],
    summary,
    result,
    reports,
  } = parts;
  return {
    changes,
    expectations: expect,
    undo: undo ?? undoOf(changesOf(changes), { expect: undoExpect, inOrder: undoInOrder === true }),
    ...(undoInOrder ? { undoInOrder } : {}),
    ...(undoAfterMs === undefined ? {} : { undoAfterMs }),
    ...(lookAgainAfter === undefined ? {} : { lookAgainAfter }),
    holds,
    warnings,
    riskReasons,
    ...(summary === undefined ? {} : { summary }),
    ...(result === undefined ? {} : { result }),
    ...(reports ? { reports } : {}),
  };
}

/** An undo that can't be, and why: "a restart can't be taken back". */
export function noUndo(reason: string): NoUndo {
  return { reason };
}

/** Whether the cluster is as the plan wants it already: there is nothing to write. */
export function isNoOp(plan: Plan): boolean {
  const changes = changesOf(plan.changes);
  return changes.length > 0 && changes.every((change) => changeKind(change).isNoOp(change));
}

/** Whether the plan writes nothing because it only reads. */
export function onlyReads(plan: Plan): boolean {
  return plan.changes.length === 0;
}

/** The undo that follows from the changes themselves: each taken back by its own kind, the last one first. */
export function undoOf(
  done: readonly Change[],
  { expect = [], inOrder = false }: { expect?: Expectation[]; inOrder?: boolean } = {},
): Undo {
  const changes = done.filter((change) => !changeKind(change).isNoOp(change));
  if (changes.length === 0) return noUndo('nothing was changed');
  const back: Change[] = [];
  for (const change of inOrder ? changes : changes.toReversed()) {
    const undo = changeKind(change).undo(change);
    if (!undo) return noUndo(`"${changeKind(change).describe(change)}" can't be taken back`);
    if (undo !== 'not_needed') back.push(undo);
  }
  if (back.length === 0) return noUndo('nothing that was done has to be taken back');
  return { changes: back, expectations: [...back.flatMap(takenBack), ...expect] };
}

/** What shows that a change of an undo has had its effect. */
function takenBack(change: Change): Expectation[] {
  switch (change.kind) {
    case 'patch':
      // A pod that is its controller's again may be the one in excess, which that deletes.
      return change.edits.map((edit) => ({
        ...fieldEquals(change.target, edit.path, edit.to),
        ...(change.target.kind === 'Pod' ? { orGone: true } : {}),
      }));
    case 'delete':
      return [gone(change.target)];
    case 'restart':
      return [rolledOut(change.target)];
    case 'restore_secret':
      return [secretRestored({ target: change.target, keys: change.keys, copy: change.from })];
    default:
      return [];
  }
}
