import type { Plan } from '../changes/plan.ts';
import type { Outcome } from '../database/execution-status.ts';
import { PlanOutdated } from './apply.ts';
import { errorRecordOf } from './failure.ts';
import { type Blocked, partlyDone } from './progress.ts';
import type { ChangeRecord, ErrorRecord } from './record.ts';

/** How a run ended, in the words of its record. */
export interface Ending {
  status: Outcome;
  message: string;
  error: ErrorRecord | null;
}

export interface EndOfRun {
  /** What was thrown; undefined where all went well. */
  failure: unknown;
  /** What cut the run off before it was through: its deadline, a request to cancel it, or an emergency stop. */
  cutOff: { status: 'timed_out' | 'cancelled'; code: string; message: string } | undefined;
  plan: Plan;
  records: readonly ChangeRecord[];
  blocked: readonly Blocked[];
  waitingFor: string;
}

export function endingOf({ failure, cutOff, plan, records, blocked, waitingFor }: EndOfRun): Ending {
  if (failure === undefined) return { status: 'completed', message: plan.summary ?? doneMessage(records), error: null };
  const partly = partlyDone(records, { blocked, waitingFor });
  if (cutOff) {
    const message = `${cutOff.message}; ${partly}`;
    return { status: cutOff.status, message, error: { code: cutOff.code, message } };
  }
  const error =
    failure instanceof PlanOutdated
      ? {
          code: 'conflict',
          message: failure.message,
          hint: 'Something else keeps changing the object; find out what, then try again',
        }
      : errorRecordOf(failure);
  return { status: 'failed', message: `${error.message} (${partlyDone(records, { blocked, waitingFor: '' })})`, error };
}

const mostTold = 3;

function doneMessage(records: readonly ChangeRecord[]): string {
  const told = records
    .slice(0, mostTold)
    .map(({ summary }) => summary)
    .join('; ');
  const more = records.length > mostTold ? `; and ${records.length - mostTold} more` : '';
  return `${told}${more}: done and verified`;
}
