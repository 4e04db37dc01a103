import { Refusal } from '../actions/refusal.ts';
import type { Rights } from '../callers/rights.ts';
import { countRequest } from '../database/rate.ts';
import { refusalOf } from '../executor/failure.ts';
import { formatDuration } from '../text/duration.ts';
import type { Runtime } from './runtime.ts';

/** Counts a request that asks for an effect, and refuses it where its caller has made too many. */
export async function limitRate({ callers, executor }: Runtime, { name }: Rights): Promise<void> {
  if (name === undefined) return;
  const { requests, perMs } = callers.rateLimit;
  const again = await countRequest(executor.database, { caller: name, most: requests, perMs }).catch(
    (error: unknown) => {
      throw refusalOf(error, executor.now());
    },
  );
  if (!again) return;
  throw new Refusal('rate_limited', `${name} has made ${requests} requests within ${formatDuration(perMs)}`, {
    retryAt: again,
  });
}
