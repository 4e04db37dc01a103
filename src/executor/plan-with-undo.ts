import { changesOf } from '../changes/change-kinds.ts';
import type { CreateChange } from '../changes/create.ts';
import type { Expectation } from '../changes/expectation.ts';
import { type Plan, undoOf } from '../changes/plan.ts';
import type { ObjectReference } from '../kubernetes/object.ts';
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
  const made = records.flatMap(({ target }) => (target.uid ? [target] : []));
  return { ...plan, undo: { changes: undo.changes, expectations: plan.undo.expectations.map(ofWhatWasMade(made)) } };
}

/** What is to be gone is what was made, not another that has taken its name since. */
function ofWhatWasMade(made: readonly ObjectReference[]): (expectation: Expectation) => Expectation {
  return (expectation) => {
    if (expectation.kind !== 'gone' || expectation.target.uid) return expectation;
    const { apiVersion, kind, namespace, name } = expectation.target;
    const own = made.find(
      (target) =>
        target.name === name &&
        target.kind === kind &&
        target.apiVersion === apiVersion &&
        target.namespace === namespace,
    );
    return own?.uid ? { ...expectation, target: { ...expectation.target, uid: own.uid } } : expectation;
  };
}

/** The creation as it came to be: with the UID that the API server gave. */
function created(change: CreateChange, { target: { uid } }: ChangeRecord): CreateChange {
  if (!uid) return change;
  return { ...change, object: { ...change.object, metadata: { ...change.object.metadata, uid } } };
}
