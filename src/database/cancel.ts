import type { Database } from './connect.ts';

/**
 * Notes that a run is to end, for the replica that carries it out. False: there is no such run, or it is over. Safe to
 * repeat: the first request, and its reason, stand.
 */
export async function requestCancel(
  database: Database,
  { id, reason }: { id: string; reason: string | undefined },
): Promise<boolean> {
  return await database.statement('request_cancel', async (sql) => {
    const rows = await sql`
      update execution
      set cancel_requested_at = coalesce(cancel_requested_at, date_trunc('milliseconds', clock_timestamp())),
        cancel_reason = case when cancel_requested_at is null then ${reason ?? null}::text else cancel_reason end,
        message = 'Is being cancelled'
      where id = ${id} and status in ('running', 'unknown')
      returning id`;
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
        select id, cancel_reason as reason from execution where id in (select jsonb_array_elements_text(${JSON.stringify(ids)}::jsonb)) and cancel_requested_at is not null`,
  );
}
