-- An action goes with few kinds, a name with one kind and few namespaces: without knowing that, PostgreSQL takes two filters
-- for rarer together than they are, and reads both indexes whole rather than a page of one.
CREATE STATISTICS execution_target (dependencies) ON action, namespace, kind, name FROM execution;
--> statement-breakpoint
-- Lets go of the oldest that has been kept for longer than it has to be, with its events: as many at the most. Answers how
-- many. A key counts for as long after the end of its execution, so nothing goes sooner than that. Safe from several
-- replicas at once: each takes others, and nobody waits.
create function prune_history(history_ms float8, idempotency_ms float8, most integer) returns integer language plpgsql
  set plan_cache_mode = force_generic_plan set enable_seqscan = off as $$
declare
  old timestamptz := clock_timestamp() - make_interval(secs => greatest(history_ms, idempotency_ms) / 1000);
  gone text[];
begin
  gone := array(
    select e.id from execution e
    where e.finished_at < old
      -- What is still to be undone, or is being undone, is needed for that.
      and not exists (select from execution q where q.rollback_of = e.id and q.status = 'queued' and q.rollback_of is not null)
      and not exists (select from execution q where q.rollback_of = e.id and q.status in ('running', 'unknown'))
      and not exists (select from execution q where q.rollback_of = e.id and q.status = 'pending_approval')
    order by e.finished_at limit most for update skip locked);
  delete from execution_event v where v.execution_id = any (gone);
  delete from approval a where a.execution_id = any (gone);
  delete from execution e where e.id = any (gone);
  return cardinality(gone);
end $$;
--> statement-breakpoint
-- Lets go of cooldowns whose time is over: as many at the most. Answers how many. That of a run under way stays, because
-- it begins anew when the run ends. No index: there are few, and each would cost every admission.
create function prune_cooldowns(most integer) returns integer language plpgsql as $$
declare
  moment timestamptz := clock_timestamp();
  gone integer;
begin
  with past as (
    select c.key from cooldown c
    where c.until <= moment
      and not exists (select from execution e where e.id = c.execution_id and e.status in ('running', 'unknown'))
    limit most for update skip locked
  )
  delete from cooldown c using past p where c.key = p.key;
  get diagnostics gone = row_count;
  return gone;
end $$;
--> statement-breakpoint
-- Frees what is held by nothing that is under way: whoever takes a row out of the table by hand leaves its locks behind.
-- What an execution holds comes and goes in one commit with its state, so one that is seen without the other is left over.
create function free_strays() returns jsonb language plpgsql as $$
declare
  locks text[];
  slots integer;
begin
  with freed as (
    delete from target_lock l
    where not exists (select from execution e where e.id = l.execution_id and e.status in ('running', 'unknown'))
    returning l.key
  )
  select array_agg(f.key order by f.key) into locks from freed f;
  -- By the holder that was seen: meanwhile another replica may have freed the place, and a claim have taken it.
  with stray as materialized (
    select s.id, s.execution_id from slot s
    where s.execution_id is not null
      and not exists (select from execution e where e.id = s.execution_id and e.status in ('running', 'unknown'))
  )
  update slot s set execution_id = null from stray t where s.id = t.id and s.execution_id = t.execution_id;
  get diagnostics slots = row_count;
  return jsonb_build_object('locks', to_jsonb(coalesce(locks, '{}')), 'slots', slots);
end $$;
