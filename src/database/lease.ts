import type { Json } from '../json.ts';
import type { NewEvent } from './claim.ts';
import type { Database } from './connect.ts';
import type { Execution } from './execution-row.ts';
import { findExecution } from './executions.ts';

export interface Renewal {
  id: string;
  fence: number;
  leaseMs: number;
  /** Written along, so that a long run can be watched at no further cost. */
  progress: Json;
}

/** Holds the run for another lease. False: it is no longer the holder's, who must not begin another change. */
export async function renewLease(database: Database, { id, fence, leaseMs, progress }: Renewal): Promise<boolean> {
  return await database.statement('renew_lease', async (sql) => {
    const rows = await sql`
      update execution
      set lease_until = clock_timestamp() + make_interval(secs => ${leaseMs / 1000}), progress = ${JSON.stringify(progress)}::jsonb
      where id = ${id} and fence = ${fence} and status = 'running'
      returning id`;
    return rows.length > 0;
  });
}

export interface Progress {
  id: string;
  fence: number;
  /** What is left out stays as it is stored. */
  changes?: Json | undefined;
  plan?: Json | undefined;
  progress?: Json | undefined;
  result?: Json | undefined;
  events: NewEvent[];
}

/** Keeps what a run has done so far, with the events that tell of it. False as with `renewLease`. */
export async function keepProgress(
  database: Database,
  { id, fence, changes, plan, progress, result, events }: Progress,
): Promise<boolean> {
  return await database.statement('keep_progress', async (sql) => {
    const [row] = await sql<{ kept: boolean }[]>`
      with kept as (
        update execution
        set changes = coalesce(${textOf(changes)}::jsonb, changes), plan = coalesce(${textOf(plan)}::jsonb, plan),
          progress = coalesce(${textOf(progress)}::jsonb, progress), result = coalesce(${textOf(result)}::jsonb, result)
        where id = ${id} and fence = ${fence} and status = 'running'
        returning id
      ), told as (
        insert into execution_event (execution_id, type, message, data)
        select kept.id, event->>'type', event->>'message', event->'data'
        from kept, jsonb_array_elements(${JSON.stringify(events.map((event) => ({ ...event })))}::jsonb) event
      )
      select exists (select from kept) as kept`;
    return row?.kept ?? false;
  });
}

function textOf(value: Json | undefined): string | null {
  return value === undefined ? null : JSON.stringify(value);
}

/**
 * Takes over one run whose holder has been silent for longer than its lease: it is `unknown` from here on, under a new
 * fencing number, until it is settled. Undefined: there is none. Two replicas never take the same one.
 */
export async function takeOverOrphan(
  database: Database,
  { holder, leaseMs }: { holder: string; leaseMs: number },
): Promise<Execution | undefined> {
  const id = await database.statement('take_over_orphan', async (sql) => {
    const [row] = await sql<{ id: string }[]>`
      with orphan as (
        select id, status, holder from execution
        where status in ('running', 'unknown') and lease_until < clock_timestamp()
        order by lease_until limit 1 for update skip locked
      ), taken as (
        update execution e
        set status = 'unknown', holder = ${holder}, fence = nextval('fence'),
          lease_until = clock_timestamp() + make_interval(secs => ${leaseMs / 1000})
        from orphan where e.id = orphan.id
        returning e.id
      ), told as (
        insert into execution_event (execution_id, type, message)
        select id, 'execution.unknown', 'The replica ' || coalesce(holder, '?') || ' went silent; the cluster is being read'
        from orphan where status = 'running'
      )
      select id from taken`;
    return row?.id;
  });
  if (id === undefined) return undefined;
  return await findExecution(database, id);
}
