import type { Json, JsonObject } from '../json.ts';
import type { Cooldown, NewEvent, NewExecution } from './claim.ts';
import { columnsOf } from './columns-of.ts';
import type { Database } from './connect.ts';
import type { Execution, ScheduledUndo } from './execution-row.ts';
import type { Outcome } from './execution-status.ts';

export interface Finish {
  row: { status: Outcome; message: string; changed: boolean; changes: Json; expectations: Json } & Partial<
    Pick<Execution, 'progress' | 'result' | 'error' | 'warnings' | 'settled' | 'plan'>
  >;
  events: NewEvent[];
  cooldown?: Cooldown;
  /** What undoes it later; waits in the queue from this commit on, where something was changed. */
  scheduled?: { row: NewExecution; afterMs: number };
}

export interface Finished {
  finishedAt: Date;
  scheduledUndo: ScheduledUndo | null;
}

/**
 * Records how a run ended and releases all that it held, in one commit. Undefined: the run is no longer the holder's,
 * because its lease ran out and another replica has taken it over. Safe to repeat: the second time it is over already.
 */
export async function finish(
  database: Database,
  id: string,
  fence: number,
  { row, events, cooldown, scheduled }: Finish,
): Promise<Finished | undefined> {
  const payload: JsonObject = {
    id,
    fence,
    row: columnsOf(row),
    events: events.map((event) => ({ ...event })),
    ...(cooldown ? { cooldown: { key: cooldown.key, period_ms: cooldown.periodMs } } : {}),
    ...(scheduled ? { scheduled: { row: columnsOf(scheduled.row), after_ms: scheduled.afterMs } } : {}),
  };
  const answer = await database.together<RawAnswer | null>('finish_execution', 'finish_executions', payload);
  return answer ? { finishedAt: new Date(answer.finished_at), scheduledUndo: answer.scheduled_undo } : undefined;
}

/** What the SQL function answers. */
type RawAnswer = { finished_at: string; scheduled_undo: ScheduledUndo | null };
