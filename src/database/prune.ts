import type { Database } from './connect.ts';

/** Rows taken in one statement: enough to keep up, few enough that nobody waits for them. */
const batch = 1_000;

/**
 * Lets go of what is kept no longer: executions with their events and their keys, and cooldowns that are over. One batch
 * of each (drizzle/0008_history.sql); says whether there may be more. Safe to repeat, and from several replicas at once.
 */
export async function prune(
  database: Database,
  { historyMs, idempotencyMs }: { historyMs: number; idempotencyMs: number },
): Promise<boolean> {
  return await database.statement('prune', async (sql) => {
    const [row] = await sql<{ executions: number; cooldowns: number }[]>`
      select prune_history(${historyMs}::float8, ${idempotencyMs}::float8, ${batch}::integer) as executions,
        prune_cooldowns(${batch}::integer) as cooldowns`;
    return row !== undefined && (row.executions === batch || row.cooldowns === batch);
  });
}
