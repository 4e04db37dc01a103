import type { Database } from './connect.ts';

/** What the metrics ask of the database when they are scraped. */
export interface Gauges {
  running: number;
  slotsInUse: number;
  targetLocks: number;
  /** Queued executions whose time has come: they wait for their turn, or for what they are to hold. */
  queueDepth: number;
  /** How long the first of them has waited. */
  queueOldestSeconds: number;
  /** Questions that nobody has answered yet. */
  approvalsPending: number;
}

export async function readGauges(database: Database): Promise<Gauges> {
  return await database.statement('read_gauges', async (sql) => {
    const [row] = await sql<Gauges[]>`
      select
        (select count(*)::int from execution where status in ('running', 'unknown')) as "running",
        (select count(*)::int from slot where execution_id is not null) as "slotsInUse",
        (select count(*)::int from target_lock) as "targetLocks",
        (select count(*)::int from approval where status = 'pending') as "approvalsPending",
        queue.depth as "queueDepth",
        queue.oldest as "queueOldestSeconds"
      from (
        select count(*)::int as depth,
          coalesce(extract(epoch from clock_timestamp() - min(due_at)), 0)::float8 as oldest
        from execution where status = 'queued' and due_at <= clock_timestamp()
      ) queue`;
    if (!row) throw new Error('PostgreSQL gave no gauges');
    return row;
  });
}
