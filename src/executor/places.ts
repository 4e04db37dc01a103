import type { Taken } from '../database/queue.ts';

/** The runs that this replica has under way which no caller waits for, and the room that it has for more. */
export interface Places {
  /** How many more may begin. */
  free(): number;
  /**
   * Whether one may begin now, or soon: it is waited for a place for as long as they come free one after another. Never,
   * while there is no loop to wait for its end.
   */
  room(): Promise<boolean>;
  /** Comes back when two runs have ended, or none does any more: who waits for that lets a queue grow shorter. */
  slowDown(): Promise<void>;
  /** Begins what was taken from the queue; there only while a loop waits for its end. */
  begin: ((taken: Taken) => void) | undefined;
  /** Takes a place until the run is over. */
  keep(end: Promise<void>): void;
  /** Comes back when all that is under way now is over. */
  ended(): Promise<unknown>;
}

/** A place comes free soon where another did a moment ago. */
const paceMs = 200;
const longestWaitMs = 1_000;

/**
 * `freed` is called when an end makes the first place free again, or where nobody else tells of ends (`tellsAll`) with
 * each: then what waits in the queue may have its turn.
 */
export function createPlaces(most: number, { freed, tellsAll }: { freed: () => void; tellsAll: boolean }): Places {
  const runs = new Set<Promise<void>>();
  const waiting: (() => void)[] = [];
  let endedAtMs = Number.NEGATIVE_INFINITY;
  const places: Places = {
    free: () => most - runs.size,
    begin: undefined,
    async room() {
      const untilMs = performance.now() + longestWaitMs;
      while (places.begin && places.free() <= 0 && performance.now() < Math.min(untilMs, endedAtMs + paceMs))
        await nextEnd(waiting);
      return places.begin !== undefined && places.free() > 0;
    },
    async slowDown() {
      for (let end = 0; end < 2; end += 1)
        if (runs.size > 0 && performance.now() < endedAtMs + paceMs) await nextEnd(waiting);
    },
    keep(end) {
      runs.add(end);
      void end.finally(() => {
        const wereTaken = places.free() <= 0;
        runs.delete(end);
        endedAtMs = performance.now();
        waiting.shift()?.();
        if (wereTaken || tellsAll) freed();
      });
    },
    ended: () => Promise.all(runs),
  };
  return places;
}

/** The first that waits is the first to be told. */
async function nextEnd(waiting: (() => void)[]): Promise<void> {
  await new Promise<void>((resolve) => {
    const timer = setTimeout(() => {
      waiting.splice(waiting.indexOf(told), 1);
      resolve();
    }, paceMs);
    const told = () => {
      clearTimeout(timer);
      resolve();
    };
    waiting.push(told);
  });
}
