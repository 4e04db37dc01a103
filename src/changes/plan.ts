import type { Json, ObjectReference } from '../kubernetes/object.ts';
import { changeKind, changesOf } from './change-kinds.ts';
import type { Change, ChangeStep } from './change.ts';
import type { Expectation } from './expectation.ts';
import { fieldEquals } from './field-equals.ts';

/**
 * What an action wants done: what to change, what must hold afterwards, how to undo it. Plain JSON, so that it can be
 * shown, stored, hashed, carried out by one replica and settled by another.
 */
export interface Plan {
  changes: ChangeStep[];
  expectations: Expectation[];
  undo: Undo;
  /** Objects that are locked beside those that the changes name, such as the owner of a pod. */
  holds: ObjectReference[];
  warnings: string[];
  /** What makes this plan riskier than its action is by itself; any raises the level by one. */
  riskReasons: string[];
  /** What to say once it is done, where the changes' own words do not tell it. */
  summary?: string;
  /** What a reading action found, or what a writing one has to tell beyond its changes. */
  result?: Json;
}

/** How a plan is taken back, or the sentence that says why it can't be. */
export type Undo = { changes: ChangeStep[]; expectations: Expectation[] } | { reason: string };

export interface PlanParts {
  changes: ChangeStep[];
  expect?: Expectation[];
  /** Left out: each change taken back by its own kind, in reverse. */
  undo?: Undo;
  /** What must hold once the undo is done, beside its own fields. */
  undoExpect?: Expectation[];
  holds?: ObjectReference[];
  warnings?: string[];
  riskReasons?: string[];
  summary?: string;
  result?: Json;
}

/** Puts a plan together from what an action gives. */
export function plan(parts: PlanParts): Plan {
  const {
    changes,
    expect = [],
    undo,
    undoExpect = [],
    holds = [],
    warnings = [],
    riskReasons = [],
    summary,
    result,
  } = parts;
  return {
    changes,
    expectations: expect,
    undo: undo ?? undoOf(changes, undoExpect),
    holds,
    warnings,
    riskReasons,
    ...(summary === undefined ? {} : { summary }),
    ...(result === undefined ? {} : { result }),
  };
}

/** An undo that can't be, and why: "a restart can't be taken back". */
export function noUndo(reason: string): Undo {
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
export function undoOf(steps: readonly ChangeStep[], undoExpect: Expectation[] = []): Undo {
  const changes = changesOf(steps).filter((change) => !changeKind(change).isNoOp(change));
  if (changes.length === 0) return noUndo('nothing was changed');
  const reversedChanges: Change[] = [];
  for (const change of changes.toReversed()) {
    const back = changeKind(change).undo(change);
    if (!back) return noUndo(`"${changeKind(change).describe(change)}" can't be taken back`);
    reversedChanges.push(back);
  }
  const fields = reversedChanges.flatMap((change) =>
    change.kind === 'patch' ? change.edits.map((edit) => fieldEquals(change.target, edit.path, edit.to)) : [],
  );
  return { changes: reversedChanges, expectations: [...fields, ...undoExpect] };
}
