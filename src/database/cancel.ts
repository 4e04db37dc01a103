import type { Database } from './connect.ts';

/**
 * Ends a run that waits in the queue, and notes of one that is under way that it is to end, for the replica that carries
 * it out. False: there is no such run, or it is over. Safe to repeat: the first request, and its reason, stand.
 */
export async function requestCancel(
  database: Database,
  { id, reason }: { id: string; reason: string | undefined },
): Promise<boolean> {
  const message = reason ? `Cancelled: ${reason}` : 'Cancelled';
  return await database.statement('request_cancel', async (sql) => {
    const rows = await sql`
      with found as (
        select id, status from execution where id = ${id} and status in ('queued', 'running', 'unknown') for update
      ), asked as (
        update execution e set
          cancel_requested_at = coalesce(e.cancel_requested_at, date_trunc('milliseconds', clock_timestamp())),
          cancel_reason = case when e.cancel_requested_at is null then ${reason ?? null}::text else e.cancel_reason end,
          status = case when found.status = 'queued' then 'cancelled' else e.status end,
          finished_at = case when found.status = 'queued' then date_trunc('milliseconds', clock_timestamp()) end,
          lease_until = case when found.status = 'queued' then null else e.lease_until end,
          message = case when found.status = 'queued' then ${message} else 'Is being cancelled' end
        from found where e.id = found.id
        returning e.id, found.status = 'queued' as ended
      ), told as (
        insert into execution_event (execution_id, type, message)
        select id, 'execution.cancelled', ${message} from asked where ended
      )
      select id from asked`;
    return rows.length > 0;
  });
}

/** Those of the runs that are to end, each with the reason that was given. */
export async function cancelledAmong(
  database: Database,
  ids: readonly string[],
): Promise<{ id: string; reason: string | null }[]> {
  return await database.statement(
    'cancelled_among',
    async (sql) =>
      await sql<{ id: string; reason: string | null }[]>`
        select id, cancel_reason as reason from execution
        where id in (select jsonb_array_elements_text(${JSON.stringify(ids)}::jsonb)) and cancel_requested_at is not null`,
  );
}
