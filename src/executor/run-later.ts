import type { Execution } from '../database/execution-row.ts';
import { enqueue, type EnqueueAnswer, type EnqueueRequest } from '../database/queue.ts';
import type { ExecutorContext } from './context.ts';
import { cooldownKey, heldKeys } from './held-objects.ts';
import { newExecution, type RunTerms, unclaimed } from './new-execution.ts';
import type { Prepared } from './prepare.ts';
import { changeRecordsOf, jsonOf } from './record.ts';
import { untilTold } from './until-told.ts';

/** When and how a run is to come about that the caller does not wait for to its end. */
export interface Later {
  /** By the database's clock; undefined: as soon as its turn comes. */
  notBefore: Date | undefined;
  /** So long the caller waits for the end before it is told where to ask. */
  waitMs: number;
}

/** As enqueued, or what stands against it. */
export type RunLaterAnswer =
  | { outcome: 'queued'; execution: Execution }
  | Exclude<EnqueueAnswer, { outcome: 'queued' }>;

/**
 * Puts what was prepared into the queue, from where any replica starts it, planned anew; this one does at once, where it
 * has room and nothing waits before it. Its plan of now is shown until then. A target that is busy, and slots that are all
 * taken, are waited for; a cooldown is not.
 */
export async function runLater(
  context: ExecutorContext,
  { id, prepared, terms, notBefore }: { id: string; prepared: Prepared; terms: RunTerms; notBefore: Date | undefined },
): Promise<RunLaterAnswer> {
  const { cluster, database, settings, wakeUp, places, holder, stopping } = context;
  const dryRun = terms.dryRun || prepared.dryRun;
  const cools = !dryRun && settings.safety.enableCooldown && settings.actions.cooldownPeriodMs > 0;
  const row = {
    ...newExecution(context, id, prepared, { ...terms, dryRun }),
    status: 'queued' as const,
    holder: null,
    message: notBefore ? `Waits until ${notBefore.toISOString()}` : 'Waits for its turn',
    changes: jsonOf(changeRecordsOf(prepared.plan, cluster.name)),
  };
  const locks = dryRun ? [] : heldKeys(cluster.name, prepared);
  const begin = places.free() > 0 && !stopping.aborted ? places.begin : undefined;
  const { leaseMs, maxConcurrent } = settings.actions;
  const request: EnqueueRequest = {
    row,
    notBefore,
    locks,
    cooldownKey: cools ? cooldownKey(cluster.name, prepared) : undefined,
    idempotencyMs: settings.database.idempotencyMs,
    take: begin && { holder, leaseMs, slots: maxConcurrent },
  };
  const answer = await untilTold(context, id, () => enqueue(database, request));
  if (answer.outcome !== 'queued') return answer;
  const { outcome: _, fence, ...queued } = answer;
  const execution: Execution = {
    ...unclaimed,
    ...row,
    ...queued,
    fence,
    startedAt: null,
    notBefore: notBefore ?? null,
    lockKeys: locks,
  };
  if (fence === null) wakeUp.ring();
  else begin?.({ ...execution, fence, attempts: 1 });
  return { outcome: 'queued', execution };
}
