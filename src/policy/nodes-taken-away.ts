import type { Plan } from '../changes/plan.ts';
import type { ObjectReference } from '../kubernetes/object.ts';
import { writesTo } from './rule.ts';

/** The nodes that no pod can be scheduled to any more once the plan is carried out. */
export function nodesTakenAway(plan: Plan): ObjectReference[] {
  return writesTo(plan).flatMap((change) =>
    change.kind === 'patch' &&
    change.target.kind === 'Node' &&
    change.edits.some(({ path, to }) => path.join('.') === 'spec.unschedulable' && to === true)
      ? [change.target]
      : [],
  );
}
