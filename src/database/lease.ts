import type { Sql } from 'postgres';
import type { Json } from '../json.ts';
import type { NewEvent } from './claim.ts';
import type { Database } from './connect.ts';
import type { Execution } from './execution-row.ts';
import { findExecution } from './executions.ts';

const longestRenewalMs = 10_000;
/** The run's end waits for it, while nobody renews the lease any more; what is not told now is told with what comes next. */
const longestKeepMs = 3_000;

export interface Renewal {
  id: string;
  fence: number;
  leaseMs: number;
  /** Written along, so that a long run can be watched at no further cost. */
  progress: Json;
}

/** Holds the run for another lease. False: it is no longer the holder's, who must not begin another change. */
export async function renewLease(database: Database, { id, fence, leaseMs, progress }: Renewal): Promise<boolean> {
  const renew = async (sql: Sql) => {
    const rows = await sql`
      update execution
      set lease_until = clock_timestamp() + make_interval(secs => ${leaseMs / 1000}), progress = ${JSON.stringify(progress)}::jsonb
      where id = ${id} and fence = ${fence} and status = 'running'
      returning id`;
    return rows.length > 0;
  };
  // Soon enough that over a connection that has died there is time for another try.
  return await database.statement('renew_lease', renew, Math.min(leaseMs / 4, longestRenewalMs));
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
  const keep = async (sql: Sql) => {
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
  };
  return await database.statement('keep_progress', keep, longestKeepMs);
}

function textOf(value: Json | undefined): string | null {
  return value === undefined ? null : JSON.stringify(value);
}

/** What a replica that stops knows of a run that it gives up. */
export interface HandOver {
  id: string;
  fence: number;
  changes: Json;
  plan: Json;
  progress: Json;
  result?: Json | undefined;
  settled: Json;
  events: NewEvent[];
}

/** Gives a run up, so that another replica takes it over at once. False as with `renewLease`. Safe to repeat. */
export async function handOver(database: Database, { id, fence, ...known }: HandOver): Promise<boolean> {
  return await database.statement('hand_over', async (sql) => {
    const [row] = await sql<{ done: boolean }[]>`
      select hand_over(${id}, ${fence}, ${JSON.stringify(known)}::jsonb) as done`;
    return row?.done ?? false;
  });
}

/** A run whose replica has gone silent, or has handed it over. */
export type Orphan = Execution & {
  fence: number;
  /** Whole milliseconds until its deadline, by the database's clock; negative once that is over. */
  untilDeadlineMs: number;
};

/**
 * Takes over one run whose holder has been silent for longer than its lease: it is `unknown` from here on, under a new
 * fencing number, until it is settled. Undefined: there is none. Two replicas never take the same one.
 */
export async function takeOverOrphan(
  database: Database,
  { cluster, holder, leaseMs }: { cluster: string; holder: string; leaseMs: number },
): Promise<Orphan | undefined> {
  const taken = await database.statement('take_over_orphan', async (sql) => {
    const [row] = await sql<{ id: string; fence: string; ms: number | null }[]>`
      with orphan as (
        select id, status, holder from execution
        where status in ('running', 'unknown') and cluster = ${cluster} and lease_until <= clock_timestamp()
        order by lease_until limit 1 for update skip locked
      ), taken as (
        update execution e
        set status = 'unknown', holder = ${holder}, fence = nextval('fence'),
          lease_until = clock_timestamp() + make_interval(secs => ${leaseMs / 1000})
        from orphan where e.id = orphan.id
        returning e.id, e.fence, e.deadline
      ), told as (
        insert into execution_event (execution_id, type, message)
        select id, 'execution.unknown', 'The replica ' || coalesce(holder, '?') || ' went silent; the cluster is being read'
        from orphan where status = 'running'
      )
      select id, fence, (extract(epoch from deadline - clock_timestamp()) * 1000)::float8 as ms from taken`;
    return row && { id: row.id, fence: Number(row.fence), untilDeadlineMs: Math.round(row.ms ?? 0) };
  });
  const row = taken && (await findExecution(database, taken.id));
  return row && { ...row, ...taken };
}
