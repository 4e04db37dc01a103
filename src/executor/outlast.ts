import { setTimeout as sleep } from 'node:timers/promises';
import { Refusal } from '../actions/refusal.ts';
import { DatabaseUnavailable } from '../database/unavailable.ts';
import { isKubernetesError } from '../kubernetes/errors.ts';

const firstPauseMs = 200;
const longestPauseMs = 2_000;

/**
 * Asks until there is an answer: where the cluster or Postgres is away, again after a pause, or after as long as was asked
 * for, until the signal ends; then throws what it last saw. Only for what is safe to repeat.
 */
export async function outlast<T>(signal: AbortSignal, ask: () => Promise<T>): Promise<T> {
  for (let pauseMs = firstPauseMs; ; pauseMs = Math.min(pauseMs * 2, longestPauseMs)) {
    try {
      return await ask();
    } catch (error) {
      if (signal.aborted || !isAway(error)) throw error;
      await pauseAfter(error, pauseMs, signal);
      if (signal.aborted) throw error;
    }
  }
}

/** Waits at least as long as was asked for; the jitter keeps what failed together from coming back together. */
export async function pauseAfter(error: unknown, pauseMs: number, signal: AbortSignal): Promise<void> {
  const askedMs = isKubernetesError(error) ? (error.retryAfterSeconds ?? 0) * 1000 : 0;
  const ms = Math.max(askedMs, pauseMs * (0.75 + Math.random() / 2));
  await sleep(ms, undefined, { signal }).catch(() => undefined);
}

/** Whether it is not this request that failed but the cluster or Postgres, which may be back a little later. */
function isAway(error: unknown): boolean {
  if (error instanceof Refusal) return isAway(error.details.cause);
  return (
    error instanceof DatabaseUnavailable ||
    isKubernetesError(error, 'unreachable', 'interrupted', 'serverError', 'tooManyRequests', 'circuitOpen')
  );
}
