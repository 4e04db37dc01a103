import { enqueue, type EnqueueAnswer } from '../database/queue.ts';
import type { ExecutorContext } from './context.ts';
import { cooldownKey, heldKeys } from './held-objects.ts';
import { newExecution, type RunTerms } from './new-execution.ts';
import type { Prepared } from './prepare.ts';
import { changeRecordsOf, jsonOf } from './record.ts';

/** When and how a run is to come about that the caller does not wait for to its end. */
export interface Later {
  /** By the database's clock; undefined: as soon as its turn comes. */
  notBefore: Date | undefined;
  /** So long the caller waits for the end before it is told where to ask. */
  waitMs: number;
}

/**
 * Puts what was prepared into the queue, from where any replica starts it, planned anew. Its plan of now is shown until
 * then. A target that is busy, and slots that are all taken, are waited for; a cooldown is not.
 */
export async function runLater(
  context: ExecutorContext,
  { id, prepared, terms, notBefore }: { id: string; prepared: Prepared; terms: RunTerms; notBefore: Date | undefined },
): Promise<EnqueueAnswer> {
  const { cluster, database, settings, wakeUp } = context;
  const dryRun = terms.dryRun || prepared.dryRun;
  const cools = !dryRun && settings.safety.enableCooldown && settings.actions.cooldownPeriodMs > 0;
  const answer = await enqueue(database, {
    row: {
      ...newExecution(context, id, prepared, { ...terms, dryRun }),
      status: 'queued',
      holder: null,
      message: notBefore ? `Waits until ${notBefore.toISOString()}` : 'Waits for its turn',
      changes: jsonOf(changeRecordsOf(prepared.plan, cluster.name)),
    },
    notBefore,
    locks: dryRun ? [] : heldKeys(cluster.name, prepared),
    cooldownKey: cools ? cooldownKey(cluster.name, prepared) : undefined,
    idempotencyMs: settings.database.idempotencyMs,
  });
  wakeUp.ring();
  return answer;
}
