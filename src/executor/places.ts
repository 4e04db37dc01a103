import type { Taken } from '../database/queue.ts';

/** The runs from the queue that this replica has under way, and the room that it has for more. */
export interface Places {
  /** How many more may begin. */
  free(): number;
  /** Begins what was taken; there only while a loop waits for its end. */
  begin: ((taken: Taken) => void) | undefined;
  /** Takes a place until the run is over. */
  keep(end: Promise<void>): void;
  /** Comes back when all that is under way now is over. */
  ended(): Promise<unknown>;
}

export function createPlaces(most: number): Places {
  const runs = new Set<Promise<void>>();
  return {
    free: () => most - runs.size,
    begin: undefined,
    keep(end) {
      runs.add(end);
      void end.finally(() => runs.delete(end));
    },
    ended: () => Promise.all(runs),
  };
}
