import type { Database } from './connect.ts';
import { type HistoryTarget, onTarget } from './on-target.ts';

/** What was done to a target again and again, newest first; as many of each as `mostRead` at the most. */
export interface Oscillation {
  /** When a scaling took effect in the direction opposite to the one before. */
  flips: Date[];
  /** Where the newest scaling went: the next one is a flip where it goes the other way. Undefined: there was none. */
  direction: 'up' | 'down' | undefined;
  /** When a restart took effect. */
  restarts: Date[];
}

export interface OscillationQuery {
  target: HistoryTarget;
  /** So far back from now, by the database's clock. What began before and ended within is within. */
  windowMs: number;
  /** The names of the actions that set a number of replicas; rollbacks count with them. */
  scalings: readonly string[];
  /** The names of those that restart. */
  restarts: readonly string[];
}

const mostRead = 1_000;

/**
 * Whether a target swings, seen from the executions that ended within the window.
 *
 * An execution took effect where it changed something, as its `changed` tells: however it ended, and whether it has been
 * rolled back since. So dry runs, no-ops, refusals and runs under way do not count. Runs on one target never overlap; their
 * order is that of their ends.
 *
 * A scaling goes up or down by what it did to the target's own `spec.replicas`, from `before` and `after` of those of its
 * changes that were made or may have been. A rollback that sets that field is a scaling too: the replicas have swung. What
 * leaves the number as it was, or sets it where none stood, has no direction and is passed over. A flip is a scaling in the
 * direction opposite to that of the one before it in the window; the first of a window is none.
 */
export async function oscillationOf(
  database: Database,
  { target, windowMs, scalings, restarts }: OscillationQuery,
): Promise<Oscillation> {
  const [row] = await database.statement(
    'oscillation_of',
    (sql) => sql<{ flips: number[]; direction: string | null; restarts: number[] }[]>`
      with done as materialized (
        select e.id, e.finished_at, e.changes, wanted.what
        from (
          select name, 'scaling' as what from jsonb_array_elements_text(${JSON.stringify([...scalings, 'rollback'])}::jsonb) name
          union all
          select name, 'restart' from jsonb_array_elements_text(${JSON.stringify(restarts)}::jsonb) name
        ) wanted
        cross join lateral (
          select e.id, e.finished_at, e.changes from execution e
          where ${onTarget(sql, target)} and e.action = wanted.name and not e.dry_run and e.changed
            and e.finished_at >= now() - make_interval(secs => ${windowMs / 1000})
          order by e.finished_at desc limit ${mostRead}
        ) e
      ), scaled as (
        select d.id, d.finished_at, sign(sum(after.replicas - before.replicas)) as direction
        from done d
        cross join lateral jsonb_array_elements(d.changes) change
        cross join lateral (select case when jsonb_typeof(change->'before'->'/spec/replicas') = 'number'
          then (change->'before'->>'/spec/replicas')::numeric end as replicas) before
        cross join lateral (select case when jsonb_typeof(change->'after'->'/spec/replicas') = 'number'
          then (change->'after'->>'/spec/replicas')::numeric end as replicas) after
        where d.what = 'scaling' and change->>'status' in ('applied', 'unknown')
          and change->'target'->>'kind' = ${target.kind} and change->'target'->>'name' = ${target.name}
        group by d.id, d.finished_at
        having sign(sum(after.replicas - before.replicas)) <> 0
      ), turned as (
        select id, finished_at, direction, direction <> lag(direction) over (order by finished_at, id) as flip from scaled
      )
      select
        (select coalesce(jsonb_agg(extract(epoch from finished_at) * 1000 order by finished_at desc, id desc), '[]')
          from turned where flip) as flips,
        (select case direction when 1 then 'up' else 'down' end
          from turned order by finished_at desc, id desc limit 1) as direction,
        (select coalesce(jsonb_agg(extract(epoch from finished_at) * 1000 order by finished_at desc, id desc), '[]')
          from done where what = 'restart') as restarts`,
  );
  const direction = row?.direction;
  return {
    flips: (row?.flips ?? []).map((ms) => new Date(ms)),
    direction: direction === 'up' || direction === 'down' ? direction : undefined,
    restarts: (row?.restarts ?? []).map((ms) => new Date(ms)),
  };
}
