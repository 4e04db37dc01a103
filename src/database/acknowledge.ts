import type { Database } from './connect.ts';

/**
 * Notes of a failed execution that somebody has looked at it, with the event that tells so. False: there is no such
 * execution, it has not failed, or that was noted already. Safe to repeat: the first stands.
 */
export async function acknowledgeFailure(
  database: Database,
  { id, by, reason }: { id: string; by: string | undefined; reason: string | undefined },
): Promise<boolean> {
  return await database.statement('acknowledge_failure', async (sql) => {
    const rows = await sql`
      with noted as (
        update execution e set acknowledged_at = date_trunc('milliseconds', clock_timestamp()),
          acknowledged_by = ${by ?? null}, acknowledge_reason = ${reason ?? null}
        where e.id = ${id} and not e.dry_run and e.acknowledged_at is null
          and (e.status in ('failed', 'timed_out') or (e.status = 'rolled_back' and e.error is not null))
        returning e.id, e.acknowledged_at
      )
      insert into execution_event (execution_id, at, type, message)
        select n.id, n.acknowledged_at, 'execution.acknowledged',
          concat('Its failure is acknowledged', ' by ' || ${by ?? null}::text, ': ' || ${reason ?? null}::text)
        from noted n
      returning id`;
    return rows.length > 0;
  });
}
