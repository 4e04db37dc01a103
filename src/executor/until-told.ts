import { setTimeout as sleep } from 'node:timers/promises';
import { Refusal } from '../actions/refusal.ts';
import { DatabaseUnavailable } from '../database/unavailable.ts';
import type { ExecutorContext } from './context.ts';

const firstPauseMs = 100;
const longestPauseMs = 1_000;

/**
 * Sends what begins an execution, and where the answer is lost sends it again, until Postgres tells what came of it: under
 * one id it begins only once. For half a lease, so that what is found to have begun can still be carried on. Where nothing
 * can have come of it, it is over at once. `ask` is told whether an answer has been lost before.
 */
export async function untilTold<T>(
  { settings, now, stopping }: ExecutorContext,
  id: string,
  ask: (lost: boolean) => Promise<T>,
): Promise<T> {
  const { leaseMs } = settings.actions;
  const untilMs = performance.now() + leaseMs / 2;
  let lost = false;
  for (let pauseMs = firstPauseMs; ; pauseMs = Math.min(pauseMs * 2, longestPauseMs)) {
    try {
      return await ask(lost);
    } catch (failure) {
      if (!(failure instanceof DatabaseUnavailable)) throw failure;
      lost ||= !failure.nothingHappened;
      if (!lost) throw failure;
      if (performance.now() >= untilMs || stopping.aborted)
        throw new Refusal(
          'service_unavailable',
          `It is not known whether execution ${id} was begun: ${failure.message}`,
          {
            actionId: id,
            hint: `It has changed nothing yet. GET /api/v1/status/${encodeURIComponent(id)} tells once PostgreSQL is back`,
            retryAt: new Date(now().getTime() + leaseMs),
            cause: failure,
          },
        );
      await sleep(pauseMs * (0.75 + Math.random() / 2));
    }
  }
}
