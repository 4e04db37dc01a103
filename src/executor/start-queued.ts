import { Refusal } from '../actions/refusal.ts';
import { endQueued, putBack, type Taken, takeDue, untilLaterUndoMs } from '../database/queue.ts';
import { findExecution } from '../database/executions.ts';
import { formatDuration } from '../text/duration.ts';
import { carryOut } from './carry-out.ts';
import type { ExecutorContext } from './context.ts';
import { errorRecordOf, refusalOf } from './failure.ts';
import { jsonOf } from './record.ts';
import { prepareRollback } from './rollback.ts';

/** After as many tries, over some eight hours, what has waited in the queue is refused. */
export const mostAttempts = 100;
const firstPauseMs = 2_000;
const longestPauseMs = 5 * 60_000;

/** The next try, the longer the more there have been; the jitter keeps replicas apart. */
export function pauseAfter(attempts: number): number {
  return Math.round(Math.min(firstPauseMs * 2 ** (attempts - 1), longestPauseMs) * (0.75 + Math.random() / 2));
}

/**
 * Starts one queued execution that is due, by the same gates as any other. Gives the promise of its end; undefined: none
 * is due. What stands in its way for now lets it wait; what stands in its way for good refuses it. `stop` ends the
 * planning, not a run that has begun.
 */
export async function startQueued(
  context: ExecutorContext,
  stop: AbortSignal,
): Promise<{ ended: Promise<void> } | undefined> {
  const { database, cluster, holder, settings } = context;
  // A service that only tries things out leaves them to one that does them.
  if (settings.actions.dryRun) return undefined;
  const queued = await takeDue(database, { cluster: cluster.name, holder, leaseMs: settings.actions.leaseMs });
  return queued && { ended: start(context, queued, stop) };
}

async function start(context: ExecutorContext, queued: Taken, stop: AbortSignal): Promise<void> {
  try {
    await undo(context, queued, stop);
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    if (stop.aborted) {
      await putBack(context.database, queued, { afterMs: 0, message: queued.message });
      return;
    }
    if (!(error instanceof Refusal))
      context.observer.log('error', `Execution ${queued.id} could not be started: ${message}`, { error });
    await letWaitOrEnd(context, queued, error);
  }
}

async function undo(context: ExecutorContext, queued: Taken, stop: AbortSignal): Promise<void> {
  const { database, settings, now } = context;
  try {
    const original = queued.rollbackOf === null ? undefined : await findExecution(database, queued.rollbackOf);
    if (!original) throw new Refusal('execution_not_found', `There is no execution ${queued.rollbackOf}`);
    const request = { force: false, reason: queued.reason ?? undefined };
    // What was taken is another replica's again when the lease ends.
    const beforeLeaseEnds = AbortSignal.any([stop, AbortSignal.timeout(Math.floor(settings.actions.leaseMs * 0.8))]);
    const prepared = await prepareRollback(context, original, request, beforeLeaseEnds);
    await carryOut(context, {
      id: queued.id,
      prepared,
      terms: {
        dryRun: false,
        timeoutMs: queued.timeoutMs,
        priority: queued.priority,
        correlationId: queued.correlationId ?? undefined,
        workflowId: queued.workflowId ?? undefined,
        requestedBy: queued.requestedBy ?? undefined,
        requestHash: queued.requestHash ?? '',
      },
      replan: (until) => prepareRollback(context, original, request, until),
      signal: beforeLeaseEnds,
      queued,
    });
  } catch (error) {
    throw refusalOf(error, now());
  }
}

async function letWaitOrEnd(context: ExecutorContext, queued: Taken, error: unknown): Promise<void> {
  const { database, observer } = context;
  const waitMs = await waitFor(context, queued, error);
  const record = errorRecordOf(error);
  if (waitMs !== undefined) {
    await putBack(database, queued, {
      afterMs: waitMs,
      message: `${record.message}; tried again in ${formatDuration(Math.ceil(waitMs / 1000) * 1000)} (try ${queued.attempts})`,
    });
    return;
  }
  const undone = error instanceof Refusal && error.code === 'not_reversible';
  const ended = await endQueued(database, queued, {
    status: undone ? 'cancelled' : 'refused',
    message: record.message,
    error: jsonOf(record),
  });
  if (ended) observer.finished(ended);
}

/** For how long to wait, or undefined where no time mends it. */
async function waitFor(context: ExecutorContext, queued: Taken, error: unknown): Promise<number | undefined> {
  const attempts = queued.attempts ?? 1;
  if (attempts >= mostAttempts) return undefined;
  const pauseMs = pauseAfter(attempts);
  if (!(error instanceof Refusal)) return pauseMs;
  const { code, status, details } = error;
  if (code === 'drift_detected') {
    // What was done later to the same object is taken back first; then it is as this one has left it.
    const laterMs = await untilLaterUndoMs(context.database, queued);
    return laterMs === undefined ? undefined : laterMs + pauseMs;
  }
  const passes = status === 429 || status === 503 || code === 'target_busy' || code === 'conflict';
  if (!passes) return undefined;
  // This replica's clock may be wrong: it does not decide alone for how long.
  const askedMs = details.retryAt ? details.retryAt.getTime() - context.now().getTime() : 0;
  return Math.max(pauseMs, Math.min(askedMs, longestPauseMs));
}
