import type { NewEvent } from '../database/claim.ts';
import type { Database } from '../database/connect.ts';
import { keepProgress } from '../database/lease.ts';
import { DatabaseUnavailable } from '../database/unavailable.ts';
import type { Json } from '../json.ts';
import { type ChangeRecord, jsonOf, type ProgressRecord } from './record.ts';

/** Lets a run be followed while it lasts: writes now and then how far it has come, beside the run and never ahead of it. */
export interface LiveRecord {
  /** Something has moved: it is written a little later, together with what moves until then. */
  moved(withinMs: number): void;
  /** Comes back once nothing is being written any more. */
  end(): Promise<void>;
}

export interface LiveState {
  changes: ChangeRecord[];
  progress: ProgressRecord;
  result: Json;
}

/** What is stored as it stands is not sent again: the changes of a large run are many, and mostly it only waits. */
export function keepLive(
  database: Database,
  { id, fence, events, state }: { id: string; fence: number; events: NewEvent[]; state: () => LiveState },
): LiveRecord {
  let timer: ReturnType<typeof setTimeout> | undefined;
  let writing: Promise<void> | undefined;
  let ended = false;
  let again: number | undefined;
  const stored = { changes: JSON.stringify(state().changes), progress: '', result: '{}' };

  const write = async () => {
    const { changes, progress, result } = state();
    const news = {
      changes: changed('changes', jsonOf(changes)),
      progress: changed('progress', jsonOf(progress)),
      result: changed('result', result),
    };
    if (Object.values(news).every((value) => value === undefined) && events.length === 0) return;
    const told = events.splice(0);
    try {
      await keepProgress(database, { id, fence, ...news, events: told });
    } catch (error) {
      // The next one, a renewal or the outcome tells it; what may have been told is not told twice.
      if (!(error instanceof DatabaseUnavailable)) throw error;
      if (error.nothingHappened) events.unshift(...told);
    }
  };
  const changed = (name: keyof typeof stored, value: Json): Json | undefined => {
    const text = JSON.stringify(value);
    if (text === stored[name]) return undefined;
    stored[name] = text;
    return value;
  };
  const live: LiveRecord = {
    moved(withinMs) {
      if (ended || timer !== undefined) return;
      if (writing) {
        again = Math.min(again ?? withinMs, withinMs);
        return;
      }
      timer = setTimeout(() => {
        timer = undefined;
        writing = write()
          .catch(() => undefined)
          .finally(() => {
            writing = undefined;
            const next = again;
            again = undefined;
            if (next !== undefined) live.moved(next);
          });
      }, withinMs);
    },
    async end() {
      ended = true;
      clearTimeout(timer);
      await writing;
    },
  };
  return live;
}
