import type { ChangeStep } from '../changes/change.ts';
import type { Expectation } from '../changes/expectation.ts';
import type { Execution } from '../database/execution-row.ts';
import { isTerminal } from '../database/execution-status.ts';
import { partsOf } from './record.ts';

/** How an execution can be undone now, or why it can't be. */
export type UndoOfExecution =
  | { available: true; until: Date; changes: ChangeStep[]; expectations: Expectation[] }
  | { available: false; reason: string };

/** `historyMs`: for how long a finished execution, and with it its undo, is kept. */
export function undoOfExecution(
  execution: Execution,
  { historyMs, now }: { historyMs: number; now: Date },
): UndoOfExecution {
  const { undo } = partsOf(execution).plan;
  if (execution.status === 'rolled_back') {
    return no(`it has been rolled back already${execution.rolledBackBy ? `, by ${execution.rolledBackBy}` : ''}`);
  }
  if (!isTerminal(execution.status)) return no(`it is ${execution.status}`);
  if (execution.dryRun) return no('it was a dry run');
  if (!execution.changed) return no('nothing was changed');
  if ('reason' in undo) return no(undo.reason);
  const until = new Date((execution.finishedAt ?? execution.createdAt).getTime() + historyMs);
  // What is to undo it keeps it, however late that is due.
  if (until <= now && !execution.scheduledUndo) return no(`its undo was kept until ${until.toISOString()}`);
  return { available: true, until, ...undo };
}

function no(reason: string): UndoOfExecution {
  return { available: false, reason };
}
