import { setTimeout as sleep } from 'node:timers/promises';
import { DatabaseUnavailable } from '../database/unavailable.ts';
import { prune } from '../database/prune.ts';
import type { ExecutorContext } from './context.ts';
import { settleOne } from './settle.ts';

const restMs = 1_000;
const mostAtOnce = 20;
/** One step in that many also prunes: about once a minute for each replica. */
const prunesOneIn = 60;

/** One bounded step of what every replica does beside its requests: settle silent runs, let go of old records. */
export async function tick(
  context: ExecutorContext,
  signal: AbortSignal,
  prunes = Math.random() * prunesOneIn < 1,
): Promise<void> {
  for (let settled = 0; settled < mostAtOnce && !signal.aborted; settled += 1) {
    if (!(await settleOne(context, signal))) break;
  }
  for (let pruned = 0; prunes && pruned < mostAtOnce && !signal.aborted; pruned += 1) {
    if (!(await prune(context.database, context.settings.database))) return;
  }
}

/** Ticks about once a second until the signal ends. What goes wrong is told, and tried again. */
export async function runLoop(context: ExecutorContext, signal: AbortSignal): Promise<void> {
  let told = false;
  while (!signal.aborted) {
    try {
      await tick(context, signal);
      told = false;
    } catch (error) {
      if (!told && !signal.aborted) {
        const message = error instanceof Error ? error.message : String(error);
        context.observer.log(error instanceof DatabaseUnavailable ? 'warn' : 'error', `The loop failed: ${message}`);
      }
      told = true;
    }
    await sleep(restMs * (0.75 + Math.random() / 2), undefined, { signal }).catch(() => undefined);
  }
}
