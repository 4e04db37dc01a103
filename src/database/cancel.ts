import type { Database } from './connect.ts';

/**
 * Ends a run that waits in the queue, and notes of one that is under way that it is to end, for the replica that carries
 * it out. False: there is no such run, or it is over. Safe to repeat: the first request, and its reason, stand.
 */
export async function requestCancel(
  database: Database,
  { id, reason }: { id: string; reason: string | undefined },
): Promise<boolean> {
  return await database.statement('request_cancel', async (sql) => {
    const [row] = await sql<{ asked: boolean }[]>`select request_cancel(${id}, ${reason ?? null}) as asked`;
    return row?.asked ?? false;
  });
}

/** A run that is to end, with the reason that was given; `code` where it was not asked for this one, as `emergency_stop`. */
export interface ToEnd {
  id: string;
  reason: string | null;
  code: string | null;
}

/** Those of the runs that are to end. */
export async function cancelledAmong(database: Database, ids: readonly string[]): Promise<ToEnd[]> {
  return await database.statement(
    'cancelled_among',
    async (sql) =>
      await sql<ToEnd[]>`
        select id, cancel_reason as reason, cancel_code as code from execution
        where id in (select jsonb_array_elements_text(${JSON.stringify(ids)}::jsonb)) and cancel_requested_at is not null`,
  );
}
