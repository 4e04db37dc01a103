import type { Database } from './connect.ts';

/** Rows taken in one statement: enough to keep up, few enough that nobody waits for them. */
const batch = 500;

/**
 * Lets go of what is kept no longer: answers to idempotency keys, then whole executions with their events. One batch of
 * each; says whether there may be more. Safe to repeat, and from several replicas at once.
 */
export async function prune(
  database: Database,
  { historyMs, idempotencyMs }: { historyMs: number; idempotencyMs: number },
): Promise<boolean> {
  return await database.statement('prune', async (sql) => {
    const [row] = await sql<{ keys: number; executions: number }[]>`
      with old_keys as (
        select id from execution
        where finished_at < clock_timestamp() - make_interval(secs => ${idempotencyMs / 1000}) and idempotency_key is not null
        limit ${batch} for update skip locked
      ), keys as (
        update execution e set idempotency_key = null from old_keys o where e.id = o.id returning e.id
      ), old_executions as (
        select id from execution o
        where finished_at < clock_timestamp() - make_interval(secs => ${historyMs / 1000}) and idempotency_key is null
          -- What is still to be undone is still needed for that.
          and not exists (select from execution q where q.rollback_of = o.id and q.status = 'queued' and q.rollback_of is not null)
        limit ${batch} for update skip locked
      ), events as (
        delete from execution_event v using old_executions o where v.execution_id = o.id
      ), executions as (
        delete from execution e using old_executions o where e.id = o.id returning e.id
      )
      select (select count(*)::int from keys) as keys, (select count(*)::int from executions) as executions`;
    return row !== undefined && (row.keys === batch || row.executions === batch);
  });
}
