import { changesOf } from '../changes/change-kinds.ts';
import type { CreateChange } from '../changes/create.ts';
import { type Plan, undoOf } from '../changes/plan.ts';
import type { ChangeRecord } from './record.ts';

/** An undo takes back what was done, not what was only planned; and just the objects that were made. */
export function planWithUndo(plan: Plan, records: readonly ChangeRecord[]): Plan {
  if ('reason' in plan.undo) return plan;
  const complete = records.every(({ status }) => status === 'applied' || status === 'skipped');
  const applied = changesOf(plan.changes).flatMap((change, index) => {
    const record = records[index];
    return record?.status === 'applied' ? [change.kind === 'create' ? created(change, record) : change] : [];
  });
  if (complete && !applied.some(({ kind }) => kind === 'create')) return plan;
  const undo = undoOf(applied, { inOrder: plan.undoInOrder === true });
  if (!complete || 'reason' in undo) return { ...plan, undo };
  return { ...plan, undo: { changes: undo.changes, expectations: [...plan.undo.expectations] } };
}

/** The creation as it came to be: with the UID that the API server gave. */
function created(change: CreateChange, { target: { uid } }: ChangeRecord): CreateChange {
  if (!uid) return change;
  return { ...change, object: { ...change.object, metadata: { ...change.object.metadata, uid } } };
}
