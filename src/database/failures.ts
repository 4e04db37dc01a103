import type { Sql } from 'postgres';
import type { Database } from './connect.ts';
import { type HistoryTarget, onTarget } from './on-target.ts';

/** How often an action has failed on a target, one time after the other. */
export interface Failures {
  /** Since it last went well, or since the newest that was acknowledged; as many as `mostRead` at the most. */
  count: number;
  /** The newest of them. */
  last: { id: string; at: Date } | undefined;
}

const mostRead = 1_000;

/**
 * The failures of an action on a target since it last went well there, or since the history begins, by the order of their
 * ends.
 *
 * A failure is a run that ended as `failed` or `timed_out`, whether it had changed something or not, and whether that was
 * rolled back later. It went well where a run ended as `completed` and had changed something, and where that was rolled back
 * later: with nothing to do nothing is proven. A failure that was acknowledged counts no longer, nor do those before it. What says nothing of the action
 * is passed over: dry runs, refusals, cancelled runs and those under way. Rollbacks are an action of their own. A resumption
 * counts as any other run.
 */
export async function failuresOf(
  database: Database,
  { target, action }: { target: HistoryTarget; action: string },
): Promise<Failures> {
  // Mostly it went well the last time, which one row tells.
  const [newest] = await database.statement('last_outcome_of', (sql) => ended(sql, { target, action, most: 1 }));
  if (!newest || newest.over) return { count: 0, last: undefined };
  const [failed] = await database.statement(
    'failures_of',
    (sql) => sql<{ count: number; id: string; at: number }[]>`
      with told as (${ended(sql, { target, action, most: mostRead })}), since as (
        select id, finished_at, bool_or(over) over (order by finished_at desc, id desc) as past from told
      )
      select (count(*) over ())::integer as count, id, (extract(epoch from finished_at) * 1000)::float8 as at
      from since where not past order by finished_at desc, id desc limit 1`,
  );
  return failed
    ? { count: failed.count, last: { id: failed.id, at: new Date(failed.at) } }
    : { count: 0, last: undefined };
}

/** The newest ends that say something of the action, and of each whether what failed before counts no longer. */
function ended(sql: Sql, { target, action, most }: { target: HistoryTarget; action: string; most: number }) {
  return sql<{ id: string; finished_at: unknown; over: boolean }[]>`
    select e.id, e.finished_at, (e.status in ('completed', 'rolled_back') and e.error is null)
        or e.acknowledged_at is not null as over
    from execution e
    where ${onTarget(sql, target)} and e.action = ${action} and not e.dry_run and e.finished_at is not null
      and e.status in ('completed', 'rolled_back', 'failed', 'timed_out') and (e.changed or e.status <> 'completed')
    order by e.finished_at desc, e.id desc limit ${most}`;
}
