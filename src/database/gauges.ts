import type { Database } from './connect.ts';

/** What the metrics ask of the database when they are scraped. */
export interface Gauges {
  running: number;
  slotsInUse: number;
  targetLocks: number;
}

export async function readGauges(database: Database): Promise<Gauges> {
  return await database.statement('read_gauges', async (sql) => {
    const [row] = await sql<Gauges[]>`
      select
        (select count(*)::int from execution where status in ('running', 'unknown')) as "running",
        (select count(*)::int from slot where execution_id is not null) as "slotsInUse",
        (select count(*)::int from target_lock) as "targetLocks"`;
    return row ?? { running: 0, slotsInUse: 0, targetLocks: 0 };
  });
}
