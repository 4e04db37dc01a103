import { setTimeout as sleep } from 'node:timers/promises';
import { DatabaseUnavailable } from '../database/unavailable.ts';
import { prune } from '../database/prune.ts';
import type { ExecutorContext } from './context.ts';
import { deleteExpiredSnapshots } from './delete-expired-snapshots.ts';
import { settleOne } from './settle.ts';
import { startQueued } from './start-queued.ts';

const restMs = 1_000;
const mostAtOnce = 20;
/** Runs from the queue that one replica has under way. */
const mostQueuedRuns = 10;
/** One step in that many also prunes: about once a minute for each replica. */
const prunesOneIn = 60;

/** One bounded step of what every replica does beside its requests, and the end of the runs that it has started. */
export async function tick(context: ExecutorContext, signal: AbortSignal, prunes = isTurnToPrune()): Promise<void> {
  const begun = new Set<Promise<void>>();
  try {
    await step(context, signal, { begun, prunes });
  } finally {
    await Promise.all(begun);
  }
}

/** Steps about once a second until the signal ends, and waits for what was started. What goes wrong is told, and tried again. */
export async function runLoop(context: ExecutorContext, signal: AbortSignal): Promise<void> {
  const begun = new Set<Promise<void>>();
  let told = false;
  while (!signal.aborted) {
    try {
      await step(context, signal, { begun, prunes: isTurnToPrune() });
      told = false;
    } catch (error) {
      if (!told && !signal.aborted) tell(context, error);
      told = true;
    }
    await sleep(restMs * (0.75 + Math.random() / 2), undefined, { signal }).catch(() => undefined);
  }
  await Promise.allSettled(begun);
}

/** Starts what is due in the queue (`begun` holds what is under way), settles silent runs, lets go of what is too old. */
async function step(
  context: ExecutorContext,
  signal: AbortSignal,
  { begun, prunes }: { begun: Set<Promise<void>>; prunes: boolean },
): Promise<void> {
  while (begun.size < mostQueuedRuns && !signal.aborted) {
    const started = await startQueued(context, signal);
    if (!started) break;
    const ended = started.ended.catch((error: unknown) => tell(context, error)).finally(() => begun.delete(ended));
    begun.add(ended);
  }
  for (let settled = 0; settled < mostAtOnce && !signal.aborted; settled += 1) {
    if (!(await settleOne(context, signal))) break;
  }
  for (let pruned = 0; prunes && pruned < mostAtOnce && !signal.aborted; pruned += 1) {
    if (!(await prune(context.database, context.settings.database))) break;
  }
  if (prunes && !signal.aborted) await deleteExpiredSnapshots(context, signal);
}

function isTurnToPrune(): boolean {
  return Math.random() * prunesOneIn < 1;
}

function tell({ observer }: ExecutorContext, error: unknown): void {
  const message = error instanceof Error ? error.message : String(error);
  observer.log(error instanceof DatabaseUnavailable ? 'warn' : 'error', `The loop failed: ${message}`);
}
