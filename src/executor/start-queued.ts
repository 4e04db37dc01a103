import { Refusal } from '../actions/refusal.ts';
import { endQueued, putBack, type Taken, takeDue, untilLaterUndoMs } from '../database/queue.ts';
import { formatDuration } from '../text/duration.ts';
import { ApprovalNeeded } from './agreed.ts';
import { TurnOver } from './admit.ts';
import { askApproval } from './ask-approval.ts';
import { carryOut } from './carry-out.ts';
import type { ExecutorContext } from './context.ts';
import { endsAfter, firstOf } from './first-of.ts';
import { errorRecordOf, refusalOf } from './failure.ts';
import { jsonOf } from './record.ts';
import { requestOf } from './queued-request.ts';
import { planAgain } from './resume.ts';

/** After as many tries, over some eight hours, what has waited in the queue is refused. */
export const mostAttempts = 100;
const firstPauseMs = 2_000;
const longestPauseMs = 5 * 60_000;

/** The next try, the longer the more there have been; the jitter keeps replicas apart. */
export function pauseAfter(attempts: number): number {
  return Math.round(Math.min(firstPauseMs * 2 ** (attempts - 1), longestPauseMs) * (0.75 + Math.random() / 2));
}

/**
 * Starts queued executions that are due, as many at the most, by the same gates as any other. Gives the promises of their
 * ends. What stands in the way of one for now lets it wait; what stands in its way for
 * good refuses it. `stop` ends the planning, not a run that has begun.
 */
export async function startQueued(context: ExecutorContext, most: number, stop: AbortSignal): Promise<Promise<void>[]> {
  const { database, cluster, holder, settings } = context;
  const { leaseMs, maxConcurrent, dryRun } = settings.actions;
  const taken = await takeDue(database, {
    cluster: cluster.name,
    holder,
    leaseMs,
    most,
    slots: maxConcurrent,
    // A service that only tries things out leaves the others to one that does them.
    dryOnly: dryRun,
  });
  return taken.map((queued) => startTaken(context, queued, stop));
}

/** Plans and carries out what this replica has taken from the queue; where it can't be for now, it goes back. */
export async function startTaken(context: ExecutorContext, queued: Taken, stop: AbortSignal): Promise<void> {
  try {
    await carryOutQueued(context, queued, stop);
  } catch (error) {
    if (error instanceof TurnOver) return;
    if (error instanceof ApprovalNeeded) {
      await askAboutQueued(context, queued, error);
      return;
    }
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

async function carryOutQueued(context: ExecutorContext, queued: Taken, stop: AbortSignal): Promise<void> {
  const { id } = queued;
  const resumeOf = queued.resumeOf ?? undefined;
  const { settings, now } = context;
  // What was taken is another replica's again when the lease ends.
  const leaseEnds = endsAfter(Math.floor(settings.actions.leaseMs * 0.8));
  const ends = firstOf([stop, leaseEnds.signal]);
  const { signal: beforeLeaseEnds } = ends;
  try {
    await carryOut(context, {
      id,
      prepared: await planAgain(context, queued, { id, resumeOf, signal: beforeLeaseEnds }),
      terms: { ...requestOf(queued), resumeOf },
      replan: (signal) => planAgain(context, queued, { id, resumeOf, signal }),
      signal: beforeLeaseEnds,
      queued,
    });
  } catch (error) {
    throw error instanceof TurnOver ? error : refusalOf(error, now());
  } finally {
    for (const held of [ends, leaseEnds]) held.release();
  }
}

/** What was found at its turn needs an agreement that nobody was asked for before. */
async function askAboutQueued(context: ExecutorContext, queued: Taken, { prepared }: ApprovalNeeded): Promise<void> {
  const { id, resumeOf, notBefore } = queued;
  const terms = { ...requestOf(queued), idempotencyKey: undefined, resumeOf: resumeOf ?? undefined };
  await askApproval(context, { id, terms, prepared, notBefore: notBefore ?? undefined, queued });
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
  // An undo comes about once it may; what was asked for is refused by what refuses it at once: later it may be wrong.
  const passes =
    status === 503 || code === 'conflict' || ((status === 429 || details.retryAt) && queued.rollbackOf !== null);
  if (!passes) return undefined;
  // This replica's clock may be wrong: it does not decide alone for how long.
  const askedMs = details.retryAt ? details.retryAt.getTime() - context.now().getTime() : 0;
  return Math.max(pauseMs, Math.min(askedMs, longestPauseMs));
}
