import { cancelledAmong } from '../database/cancel.ts';
import type { Database } from '../database/connect.ts';
import { DatabaseUnavailable } from '../database/unavailable.ts';

/** Somebody has asked that the run end before it is through. */
class Cancelled extends Error {
  constructor(reason: string | null) {
    super(reason ? `Cancelled: ${reason}` : 'Cancelled');
    this.name = 'Cancelled';
  }
}

/** Tells the runs of this replica when one of them is to end, whichever replica was asked. */
export interface Cancellations {
  /** `signal` aborts with Cancelled. `stop` ends the watch. */
  watch(id: string): { signal: AbortSignal; stop(): void };
}

const everyMs = 500;

/**
 * One look into the database each half second for all the runs of this replica, and none while there is none; a run that
 * is over sooner costs nothing. Not by LISTEN, which a pooler in transaction mode does not pass on.
 */
export function watchCancellations(database: Database): Cancellations {
  const runs = new Map<string, AbortController>();
  let timer: ReturnType<typeof setTimeout> | undefined;
  let looking = false;

  const look = async () => {
    const cancelled = await cancelledAmong(database, [...runs.keys()]).catch((error: unknown) => {
      // While Postgres is away nobody can ask, and the lease decides.
      if (error instanceof DatabaseUnavailable) return [];
      throw error;
    });
    for (const { id, reason } of cancelled) runs.get(id)?.abort(new Cancelled(reason));
  };
  const schedule = () => {
    if (looking || runs.size === 0) return;
    timer ??= setTimeout(() => {
      looking = true;
      timer = undefined;
      void look()
        .catch(() => undefined)
        .finally(() => {
          looking = false;
          schedule();
        });
    }, everyMs);
  };

  return {
    watch(id) {
      const controller = new AbortController();
      runs.set(id, controller);
      schedule();
      return {
        signal: controller.signal,
        stop() {
          runs.delete(id);
          if (runs.size > 0) return;
          clearTimeout(timer);
          timer = undefined;
        },
      };
    },
  };
}
