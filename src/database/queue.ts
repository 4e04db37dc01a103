import type { Json } from '../json.ts';
import type { Database } from './connect.ts';
import type { Execution } from './execution-row.ts';
import { findExecution } from './executions.ts';

/** A queued execution as it was taken: for as long as the lease lasts, no other replica looks at it. */
export type Taken = Execution & { fence: number };

/**
 * Takes one queued execution that is due, to plan it: the first by priority, then the oldest. It stays `queued` until its
 * claim, so that it can still be cancelled, and so that one whose replica dies meanwhile is taken again. Undefined: none
 * is due. Two replicas never take the same one.
 */
export async function takeDue(
  database: Database,
  { cluster, holder, leaseMs }: { cluster: string; holder: string; leaseMs: number },
): Promise<Taken | undefined> {
  const taken = await database.statement('take_due', async (sql) => {
    const [row] = await sql<{ id: string; fence: string }[]>`
      with due as (
        select id from execution
        where status = 'queued' and cluster = ${cluster} and coalesce(not_before, created_at) <= clock_timestamp()
          and coalesce(lease_until, created_at) <= clock_timestamp()
        order by priority, created_at limit 1 for update skip locked
      )
      update execution e
      set holder = ${holder}, fence = nextval('fence'), attempts = coalesce(attempts, 0) + 1,
        lease_until = clock_timestamp() + make_interval(secs => ${leaseMs / 1000})
      from due where e.id = due.id
      returning e.id, e.fence`;
    return row && { id: row.id, fence: Number(row.fence) };
  });
  const row = taken && (await findExecution(database, taken.id));
  return row && { ...row, fence: taken.fence };
}

/** Puts what was taken back into the queue, not to be taken again before that time. False: it is in other hands. */
export async function putBack(
  database: Database,
  { id, fence }: { id: string; fence: number },
  { afterMs, message }: { afterMs: number; message: string },
): Promise<boolean> {
  return await database.statement('put_back', async (sql) => {
    const rows = await sql`
      with back as (
        update execution
        set lease_until = null, holder = null, message = ${message},
          not_before = clock_timestamp() + make_interval(secs => ${afterMs / 1000})
        where id = ${id} and fence = ${fence} and status = 'queued'
        returning id
      ), told as (
        insert into execution_event (execution_id, type, message) select id, 'execution.waiting', ${message} from back
      )
      select id from back`;
    return rows.length > 0;
  });
}

/**
 * Ends a queued execution without starting it, and gives its row; undefined: it is queued no longer. With a fencing
 * number only what was taken under it is ended; without one (a cancellation) also what another replica is planning.
 */
export async function endQueued(
  database: Database,
  { id, fence }: { id: string; fence?: number },
  { status, message, error = null }: { status: 'cancelled' | 'refused'; message: string; error?: Json },
): Promise<Execution | undefined> {
  const ended = await database.statement('end_queued', async (sql) => {
    const rows = await sql`
      with ended as (
        update execution
        set status = ${status}, message = ${message}, error = ${error === null ? null : JSON.stringify(error)}::jsonb,
          finished_at = clock_timestamp(), lease_until = null
        where id = ${id} and status = 'queued' and fence is not distinct from coalesce(${fence ?? null}::bigint, fence)
        returning id
      ), told as (
        insert into execution_event (execution_id, type, message) select id, ${`execution.${status}`}, ${message} from ended
      )
      select id from ended`;
    return rows.length > 0;
  });
  return ended ? await findExecution(database, id) : undefined;
}

/** Gives a run that has begun back to the queue, with all that it held. False: it is another replica's now. */
export async function requeue(
  database: Database,
  { id, fence }: { id: string; fence: number },
  { afterMs, message }: { afterMs: number; message: string },
): Promise<boolean> {
  return await database.statement('requeue_execution', async (sql) => {
    const [row] = await sql<{ requeued: boolean }[]>`
      select requeue_execution(${id}, ${fence}, ${JSON.stringify({ after_ms: afterMs, message })}::jsonb) as requeued`;
    return row?.requeued ?? false;
  });
}

/** How long it is until the next undo is due that undoes something done later to the same object. */
export async function untilLaterUndoMs(database: Database, { id }: Pick<Execution, 'id'>): Promise<number | undefined> {
  return await database.statement('later_undo', async (sql) => {
    const [row] = await sql<{ ms: number | null }[]>`
      select (extract(epoch from min(l.not_before) - clock_timestamp()) * 1000)::float8 as ms from execution e join execution l
        on l.status = 'queued' and l.rollback_of is not null and l.created_at > e.created_at
        and (l.cluster, l.namespace, l.kind, l.name) is not distinct from (e.cluster, e.namespace, e.kind, e.name)
      where e.id = ${id}`;
    const ms = row?.ms ?? undefined;
    return ms === undefined ? undefined : Math.max(ms, 0);
  });
}
