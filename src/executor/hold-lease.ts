import { setTimeout as sleep } from 'node:timers/promises';
import { renewLease } from '../database/lease.ts';
import { DatabaseUnavailable } from '../database/unavailable.ts';
import type { ExecutorContext } from './context.ts';
import { jsonOf, type ProgressRecord } from './record.ts';

/** The run belongs to another replica now, or may do so any moment: nothing more may be changed. */
export class LeaseLost extends Error {
  constructor(id: string) {
    super(`The lease of execution ${id} has run out; another replica settles it`);
    this.name = 'LeaseLost';
  }
}

/** The right to change something, kept up by renewals while a run goes on. */
export interface HeldLease {
  /** Aborts with LeaseLost when the lease is gone. */
  readonly signal: AbortSignal;
  /** Comes back once the lease is sure to last that long; throws LeaseLost otherwise. */
  ensure(forMs: number): Promise<void>;
  stop(): void;
}

export interface LeaseOptions {
  id: string;
  fence: number;
  leaseMs: number;
  /** `performance.now()` before the claim was sent: the lease can't have begun earlier, and so not end earlier. */
  claimedAtMs: number;
  progress: () => ProgressRecord | null;
}

/**
 * Renews the lease at a third of its length. How long it lasts is reckoned from the moment before each renewal is
 * sent, by this process's monotonic clock, so that it never believes in a lease that the database has let go.
 */
export function holdLease(
  { database, observer }: Pick<ExecutorContext, 'database' | 'observer'>,
  { id, fence, leaseMs, claimedAtMs, progress }: LeaseOptions,
): HeldLease {
  const lost = new AbortController();
  let lastsUntilMs = claimedAtMs + leaseMs;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let stopped = false;
  let underWay: Promise<void> | undefined;

  const left = () => lastsUntilMs - performance.now();
  const lose = () => {
    observer.lease('lost');
    lost.abort(new LeaseLost(id));
  };
  const renewOnce = async () => {
    const sentAtMs = performance.now();
    try {
      if (await renewLease(database, { id, fence, leaseMs, progress: jsonOf({ ...progress() }) })) {
        lastsUntilMs = sentAtMs + leaseMs;
        observer.lease('renewed');
      } else if (!stopped) {
        lose();
      }
    } catch (error) {
      if (!(error instanceof DatabaseUnavailable)) throw error;
      observer.lease('failed');
      if (left() <= 0) lose();
    }
  };
  const renew = () => {
    underWay ??= renewOnce().finally(() => (underWay = undefined));
    return underWay;
  };
  const schedule = () => {
    // Once less than two thirds are left a renewal has failed: try again soon, not a third of a lease later.
    const delayMs = left() > leaseMs / 2 ? leaseMs / 3 : Math.min(leaseMs / 10, 1_000);
    timer = setTimeout(() => {
      renew()
        .catch(lose)
        .finally(() => {
          if (!stopped && !lost.signal.aborted) schedule();
        });
    }, delayMs);
  };
  schedule();

  return {
    signal: lost.signal,
    async ensure(forMs) {
      while (left() < forMs) {
        lost.signal.throwIfAborted();
        await renew();
        if (left() < forMs) await sleep(Math.min(leaseMs / 10, 1_000), undefined, { signal: lost.signal });
      }
      lost.signal.throwIfAborted();
    },
    stop() {
      stopped = true;
      clearTimeout(timer);
    },
  };
}
