import { setTimeout as sleep } from 'node:timers/promises';
import { Refusal } from '../actions/refusal.ts';
import type { Plan } from '../changes/plan.ts';
import type { NewEvent } from '../database/claim.ts';
import type { Execution } from '../database/execution-row.ts';
import type { Outcome } from '../database/execution-status.ts';
import { findExecution } from '../database/executions.ts';
import { finish } from '../database/finish.ts';
import { DatabaseUnavailable } from '../database/unavailable.ts';
import type { Json } from '../json.ts';
import type { ExecutorContext } from './context.ts';
import {
  type ChangeRecord,
  type ErrorRecord,
  type ExpectationRecord,
  jsonOf,
  partsOf,
  type ProgressRecord,
} from './record.ts';
import { scheduledUndo } from './scheduled-undo.ts';

export interface RunOutcome {
  row: Execution;
  fence: number;
  status: Outcome;
  message: string;
  error: ErrorRecord | null;
  changes: ChangeRecord[];
  expectations: ExpectationRecord[];
  progress: ProgressRecord;
  /** What has happened and is not told yet. */
  events: NewEvent[];
  cooldownKey: string | undefined;
  /** Where it is another than the one that was claimed. */
  plan?: Plan;
  /** Where the run found out more than the plan knew. */
  result?: Json;
  settled?: Json;
}

const tries = 6;

/**
 * Writes how a run ended, in one commit, and gives the row as it stands then. While Postgres is away it tries again
 * for as long as the lease lasts. Undefined: another replica has taken the run over, and records it.
 */
export async function recordOutcome(context: ExecutorContext, outcome: RunOutcome): Promise<Execution | undefined> {
  const { row, fence, status, message, error, cooldownKey, plan } = outcome;
  const { cooldownPeriodMs, leaseMs } = context.settings.actions;
  const changed = outcome.changes.some(
    ({ kind, status: of }) => kind !== 'wait' && (of === 'applied' || of === 'unknown'),
  );
  const effective = plan ?? partsOf(row).plan;
  const later = changed ? scheduledUndo(context, row, effective) : undefined;
  const written = {
    status,
    message,
    changed,
    changes: jsonOf(outcome.changes),
    expectations: jsonOf(outcome.expectations),
    progress: jsonOf(outcome.progress),
    error: error ? jsonOf(error) : null,
    settled: outcome.settled ?? null,
    ...(plan ? { plan: jsonOf(plan), warnings: plan.warnings, result: plan.result ?? null } : {}),
    ...(outcome.result === undefined ? {} : { result: outcome.result }),
    ...(later ? { warnings: [...effective.warnings, later.warning] } : {}),
  };
  const told: NewEvent = { type: `execution.${status}`, message };
  for (let attempt = 1; ; attempt += 1) {
    try {
      const finished = await finish(context.database, row.id, fence, {
        row: written,
        events: [...outcome.events, told],
        ...(cooldownKey ? { cooldown: { key: cooldownKey, periodMs: cooldownPeriodMs } } : {}),
        ...(later?.scheduled ? { scheduled: later.scheduled } : {}),
      });
      if (finished) return announced(context, { ...row, ...written, ...finished, leaseUntil: null });
      // After a lost answer it may have been our own first try that ended the run.
      const stored = await findExecution(context.database, row.id);
      return stored?.fence === fence && stored.finishedAt ? announced(context, stored) : undefined;
    } catch (failure) {
      if (!(failure instanceof DatabaseUnavailable)) throw failure;
      if (attempt >= tries) {
        throw new Refusal(
          'service_unavailable',
          `Execution ${row.id} ended as ${status}, but that could not be recorded: ${failure.message}`,
          {
            actionId: row.id,
            hint: 'It will be settled from the cluster once PostgreSQL is back; ask for its status then',
            retryAt: new Date(context.now().getTime() + leaseMs),
            cause: failure,
          },
        );
      }
      await sleep((leaseMs / tries) * (0.5 + Math.random() / 2));
    }
  }
}

function announced(context: ExecutorContext, row: Execution): Execution {
  context.observer.finished(row);
  return row;
}
