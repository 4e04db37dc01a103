import type { Json, JsonObject } from '../json.ts';
import { type Cooldown, columnsOf, type NewEvent } from './claim.ts';
import type { Database } from './connect.ts';
import type { Execution } from './execution-row.ts';
import type { Outcome } from './execution-status.ts';

export interface Finish {
  row: { status: Outcome; message: string; changed: boolean; changes: Json; expectations: Json } & Partial<
    Pick<Execution, 'progress' | 'result' | 'error' | 'warnings' | 'settled' | 'plan'>
  >;
  events: NewEvent[];
  cooldown?: Cooldown;
}

/**
 * Records how a run ended and releases all that it held, in one commit. Undefined: the run is no longer the holder's,
 * because its lease ran out and another replica has taken it over. Safe to repeat: the second time it is over already.
 */
export async function finish(
  database: Database,
  id: string,
  fence: number,
  { row, events, cooldown }: Finish,
): Promise<{ finishedAt: Date } | undefined> {
  const payload: JsonObject = {
    row: columnsOf(row),
    events: events.map((event) => ({ ...event })),
    ...(cooldown ? { cooldown: { key: cooldown.key, period_ms: cooldown.periodMs } } : {}),
  };
  return await database.statement('finish_execution', async (sql) => {
    const [answer] = await sql<{ answer: { finished_at: string } | null }[]>`
      select finish_execution(${id}, ${fence}, ${JSON.stringify(payload)}::jsonb) as answer`;
    return answer?.answer ? { finishedAt: new Date(answer.answer.finished_at) } : undefined;
  });
}
