-- finish_executions([{id, fence, row, events, cooldown: {key, period_ms}, scheduled: {row, after_ms}}, ...]): the outcome of
-- each, its events and the release of all that it held, in one commit, and only by the holder with that fencing number.
-- Answers in the same order; null: the run is no longer its own. Rows are locked by their id, so that two batches can't
-- wait for each other.
create function finish_executions(finishes jsonb) returns jsonb language plpgsql
  set plan_cache_mode = force_generic_plan set enable_seqscan = off as $$
declare
  finish record;
  answers jsonb[] := array_fill(null::jsonb, array[jsonb_array_length(finishes)]);
begin
  for finish in
    select value, ordinality from jsonb_array_elements(finishes) with ordinality order by value->>'id'
  loop
    answers[finish.ordinality] := end_execution(finish.value->>'id', (finish.value->>'fence')::bigint, finish.value);
  end loop;
  return to_jsonb(answers);
end $$;
--> statement-breakpoint
-- A cooldown counts from here when something was changed, and is given back when nothing was.
create function end_execution(execution_id text, fencing bigint, finish jsonb) returns jsonb language plpgsql as $$
declare
  moment timestamptz := date_trunc('milliseconds', clock_timestamp());
  before execution;
  after execution;
  cool text := finish->'cooldown'->>'key';
  undo jsonb := finish->'scheduled'->'row';
  undo_at timestamptz;
  released text[];
  moot_keys text[];
begin
  select * into before from execution e
    where e.id = end_execution.execution_id and e.fence = fencing and e.status in ('running', 'unknown') for update;
  if not found then return null; end if;
  after := jsonb_populate_record(before, finish->'row');
  update execution e set
    status = after.status, message = after.message, changed = after.changed, changes = after.changes,
    expectations = after.expectations, progress = after.progress, result = after.result, error = after.error,
    warnings = after.warnings, settled = after.settled, plan = after.plan,
    finished_at = moment, lease_until = null
    where e.id = before.id;
  insert into execution_event (execution_id, at, type, message, data)
    select before.id, moment, event->>'type', event->>'message', event->'data' from jsonb_array_elements(finish->'events') event;
  with let_go as (delete from target_lock l where l.execution_id = before.id returning l.key)
    select array_agg(g.key) into released from let_go g;
  update slot s set execution_id = null where s.execution_id = before.id;
  if cool is not null then
    if after.changed then
      update cooldown c set until = moment + make_interval(secs => (finish->'cooldown'->>'period_ms')::float8 / 1000)
        where c.key = cool and c.execution_id = before.id;
    else
      delete from cooldown c where c.key = cool and c.execution_id = before.id;
    end if;
  end if;
  -- What was asked to last for a while is taken back later by an execution that waits in the queue from here on.
  if undo is not null and after.changed then
    undo_at := moment + make_interval(secs => (finish->'scheduled'->>'after_ms')::float8 / 1000);
    insert into execution
      select * from jsonb_populate_record(null::execution, undo || jsonb_build_object('created_at', moment,
        'not_before', undo_at, 'due_at', undo_at, 'waits_for', '@time'));
    insert into execution_event (execution_id, at, type, message) values (undo->>'id', moment, 'execution.queued', undo->>'message');
  end if;
  if before.rollback_of is not null and after.status = 'completed' then
    with moot as (
      update execution e set status = 'cancelled', finished_at = moment, lease_until = null, waits_for = null,
        message = before.rollback_of || ' has been rolled back already, by ' || before.id
      where e.rollback_of = before.rollback_of and e.status = 'queued' returning e.id, e.message, e.lock_keys
    ), told as (
      insert into execution_event (execution_id, at, type, message) select m.id, moment, 'execution.cancelled', m.message from moot m
    )
    select array_agg(k) into moot_keys from moot m, jsonb_array_elements_text(m.lock_keys) k;
    update execution e set status = 'rolled_back', rolled_back_by = before.id where e.id = before.rollback_of;
    insert into execution_event (execution_id, at, type, message)
      values (before.rollback_of, moment, 'execution.rolled_back', 'Rolled back by ' || before.id);
  end if;
  perform wake_queue(before.cluster, released || moot_keys);
  return jsonb_build_object('finished_at', moment, 'scheduled_undo',
    case when undo_at is not null then jsonb_build_object('id', undo->>'id', 'at', undo_at) end);
end $$;
--> statement-breakpoint
-- Ends one that waits in the queue or for an approval, and notes of one that is under way that it is to end. False: it is over, or unknown.
-- The first request, and its reason, stand.
create function request_cancel(this text, reason text) returns boolean language plpgsql as $$
declare
  moment timestamptz := date_trunc('milliseconds', clock_timestamp());
  why text := coalesce('Cancelled: ' || reason, 'Cancelled');
begin
  update execution e set cancel_requested_at = moment, cancel_reason = request_cancel.reason
    where e.id = this and e.status in ('queued', 'running', 'unknown') and e.cancel_requested_at is null;
  if end_queued(this, null, 'cancelled', why, null) or cancel_pending(this, reason, why)
    -- Somebody may have agreed in this moment.
    or end_queued(this, null, 'cancelled', why, null)
  then return true; end if;
  update execution e set message = 'Is being cancelled' where e.id = this and e.status in ('running', 'unknown');
  return found;
end $$;
--> statement-breakpoint
-- A replica that stops gives a run up, with what it knows of it: another takes it over at once. False: it is no longer its own.
create function hand_over(this text, fencing bigint, handed jsonb) returns boolean language plpgsql as $$
declare
  its_cluster text;
begin
  update execution e set status = 'unknown', lease_until = clock_timestamp(), changes = handed->'changes', plan = coalesce(handed->'plan', e.plan),
    progress = handed->'progress', result = coalesce(handed->'result', e.result), settled = handed->'settled'
    where e.id = this and e.fence = fencing and e.status = 'running' returning e.cluster into its_cluster;
  if not found then return false; end if;
  insert into execution_event (execution_id, type, message, data)
    select this, event->>'type', event->>'message', event->'data' from jsonb_array_elements(handed->'events') event;
  perform pg_notify('executor_queue', its_cluster);
  return true;
end $$;
--> statement-breakpoint
-- One of them alone, as replicas of the version before ask for it.
create or replace function finish_execution(execution_id text, fencing bigint, finish jsonb) returns jsonb language sql as $$
  select finish_executions(jsonb_build_array(finish || jsonb_build_object('id', execution_id, 'fence', fencing)))->0
$$;
