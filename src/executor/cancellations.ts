import { cancelledAmong, type ToEnd } from '../database/cancel.ts';
import type { Database } from '../database/connect.ts';
import { DatabaseUnavailable } from '../database/unavailable.ts';

/** The run is to end before it is through: somebody has asked for that, or has stopped what it acts on. */
export class Cancelled extends Error {
  /** `cancelled`, or `emergency_stop`. */
  readonly code: string;

  constructor({ reason, code }: Pick<ToEnd, 'reason' | 'code'>) {
    super(code ? (reason ?? code) : reason ? `Cancelled: ${reason}` : 'Cancelled');
    this.name = 'Cancelled';
    this.code = code ?? 'cancelled';
  }
}

/** Tells the runs of this replica when one of them is to end, whichever replica was asked. */
export interface Cancellations {
  /** `signal` aborts with Cancelled. `stop` ends the watch. */
  watch(id: string): { signal: AbortSignal; stop(): void };
  /** Looks at once rather than in its turn: there is word of a stop. */
  lookNow(): void;
}

const everyMs = 500;

/**
 * One look into the database each half second for all the runs of this replica, and none while there is none; a run that
 * is over sooner costs nothing. Not by LISTEN alone, which a pooler in transaction mode does not pass on.
 */
export function watchCancellations(database: Database): Cancellations {
  const runs = new Map<string, AbortController>();
  let timer: ReturnType<typeof setTimeout> | undefined;
  let looking = false;
  let again = false;

  const look = async () => {
    const cancelled = await cancelledAmong(database, [...runs.keys()]).catch((error: unknown) => {
      // While Postgres is away nobody can ask, and the lease decides.
      if (error instanceof DatabaseUnavailable) return [];
      throw error;
    });
    for (const one of cancelled) runs.get(one.id)?.abort(new Cancelled(one));
  };
  const lookOnce = () => {
    clearTimeout(timer);
    timer = undefined;
    looking = true;
    again = false;
    void look()
      .catch(() => undefined)
      .finally(() => {
        looking = false;
        if (again && runs.size > 0) lookOnce();
        else schedule();
      });
  };
  const schedule = () => {
    if (looking || runs.size === 0) return;
    timer ??= setTimeout(lookOnce, everyMs);
  };

  return {
    lookNow() {
      // What is being read may be from before the stop.
      if (looking) again = true;
      else if (runs.size > 0) lookOnce();
    },
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
