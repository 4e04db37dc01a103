import type { Database } from './connect.ts';

/** The database's time, the only clock that replicas share; also tells that Postgres answers. */
export async function databaseTime(database: Database): Promise<Date> {
  return await database.statement('read_clock', async (sql) => {
    const [row] = await sql<{ now: string }[]>`select clock_timestamp() as now`;
    if (!row) throw new Error('PostgreSQL gave no time');
    return new Date(row.now);
  });
}

/** The database's clock as this process knows it: right within a round trip, wherever the machine's own clock stands. */
export interface DatabaseClock {
  now(): Date;
  /** What the database has just said. */
  set(now: Date): void;
}

/** Goes on by the monotonic clock between two settings; until the first it can only believe the machine's. */
export function createDatabaseClock(): DatabaseClock {
  let known: { ms: number; atMs: number } | undefined;
  return {
    now: () => new Date(known ? known.ms + performance.now() - known.atMs : Date.now()),
    set: (now) => (known = { ms: now.getTime(), atMs: performance.now() }),
  };
}
