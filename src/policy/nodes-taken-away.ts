import { changesOf } from '../changes/change-kinds.ts';
import type { Change } from '../changes/change.ts';
import type { FieldEdit } from '../changes/field-edit.ts';
import type { Plan } from '../changes/plan.ts';
import type { Json, ObjectReference } from '../kubernetes/object.ts';
import { keepsPodsOff, taintFrom } from '../kubernetes/taints.ts';
import { writesTo } from './rule.ts';

/** The nodes that no ordinary pod can be scheduled to any more once the plan is carried out: cordoned, or tainted. */
export function nodesTakenAway(plan: Plan): ObjectReference[] {
  return takenAwayBy(writesTo(plan));
}

/** The same, and those that are closed already while the plan still writes something, as a drain does. */
export function nodesTakenOutOfService(plan: Plan): ObjectReference[] {
  return writesTo(plan).length > 0 ? takenAwayBy(changesOf(plan.changes)) : [];
}

function takenAwayBy(changes: readonly Change[]): ObjectReference[] {
  return changes.flatMap((change) =>
    change.kind === 'patch' && change.target.kind === 'Node' && change.edits.some(takesAway) ? [change.target] : [],
  );
}

function takesAway({ path, from, to }: FieldEdit): boolean {
  switch (path.join('.')) {
    case 'spec.unschedulable':
      return to === true;
    case 'spec.taints':
      // Where one stood before, ordinary pods were kept off already.
      return isClosed(to) && !isClosed(from);
    default:
      return false;
  }
}

function isClosed(taints: Json | undefined): boolean {
  return Array.isArray(taints) && taints.map(taintFrom).some(keepsPodsOff);
}
