import type { Database } from './connect.ts';

/**
 * Counts a request of that caller, over all replicas. Undefined: it may go on. Else it was one too many, and the next may
 * come then, by the database's clock (drizzle/0010_callers.sql).
 */
export async function countRequest(
  database: Database,
  { caller, most, perMs }: { caller: string; most: number; perMs: number },
): Promise<Date | undefined> {
  return await database.statement('count_request', async (sql) => {
    const [row] = await sql<{ again: Date | null }[]>`
      select count_request(${caller}, ${most}::integer, ${perMs}::float8) as again`;
    return row?.again ? new Date(row.again) : undefined;
  });
}
