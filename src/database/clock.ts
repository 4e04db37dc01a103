import type { Database } from './connect.ts';

/** The database's time, the only clock that replicas share; also tells that Postgres answers. */
export async function databaseTime(database: Database): Promise<Date> {
  return await database.statement('read_clock', async (sql) => {
    const [row] = await sql<{ now: string }[]>`select clock_timestamp() as now`;
    if (!row) throw new Error('PostgreSQL gave no time');
    return new Date(row.now);
  });
}
