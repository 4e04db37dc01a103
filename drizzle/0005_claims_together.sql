-- Admission and outcome as before, but several in one commit, and made cheap: most of the time went into planning
-- statements and copying JSON. Each plan is made once per connection, for any value, and by index whatever the
-- statistics say: a table that was empty when a statement was planned may be large soon.
--
-- claim_executions([request, ...]) admits what has come together, in one commit, and answers in the same order:
-- each request {run, row, event, locks, cooldown: {key, period_ms}, slots, lease_ms, queued_fence, relies: {keys, since_ms}}
-- by {outcome: ...}
--   claimed    the row is written and running; locks, cooldown and a slot are held. {doubtful} where it relies on objects:
--              whether another execution holds one of them now, or has changed it and ended since the reading began
--   recorded   (run is false) the row is written as it is; nothing is held
--   duplicate  the same idempotency key or id was used: {id, request_hash, status}; of a queued one: it has been cancelled,
--              or another replica starts it
--   busy       an object is held: {holder: {id, action, started_at}, key}
--   undone     the execution to roll back has been rolled back: {by}
--   cooling    the class of action cools down on the target: {until, by}
--   full       no slot is free
-- With queued_fence the row stands in the queue already, and has been taken from there under that number by take_due.
-- It waits only for other claims of the same key or target, and those wait for nothing but their commit.
create function claim_executions(requests jsonb) returns jsonb language plpgsql
  set plan_cache_mode = force_generic_plan set enable_seqscan = off as $$
declare
  lock text;
  request jsonb;
  answers jsonb := '[]';
begin
  -- The same request twice at once: the second waits for the first one's commit, and then finds its row. Two that rely on
  -- each other's objects likewise. Requests before objects, each sorted: so two batches can't wait for each other.
  for lock in
    select distinct word from jsonb_array_elements(requests) r,
      lateral (values (r->'row'->>'id'), (r->'row'->>'idempotency_key')) words(word)
    where word is not null and r->'queued_fence' is null order by word
  loop
    perform pg_advisory_xact_lock(hashtextextended('request:' || lock, 0));
  end loop;
  for lock in
    select key from jsonb_array_elements(requests) r, lateral jsonb_array_elements_text(r->'locks') key
    union select key from jsonb_array_elements(requests) r, lateral jsonb_array_elements_text(r->'relies'->'keys') key
    order by key
  loop
    perform pg_advisory_xact_lock(hashtextextended('target:' || lock, 0));
  end loop;
  for request in select r from jsonb_array_elements(requests) r loop
    answers := answers || jsonb_build_array(admit_execution(request));
  end loop;
  return answers;
end $$;
--> statement-breakpoint
drop function claim_relying(jsonb);
--> statement-breakpoint
-- One of them alone, as replicas of the version before ask for it.
create or replace function claim_execution(request jsonb) returns jsonb language sql as $$
  select claim_executions(jsonb_build_array(request))->0
$$;
--> statement-breakpoint
-- One request, under the locks of its key and its targets.
create function admit_execution(request jsonb) returns jsonb language plpgsql as $$
declare
  run boolean := (request->>'run')::boolean;
  asked execution := jsonb_populate_record(null::execution, request->'row');
  locks text[] := array(select jsonb_array_elements_text(request->'locks'));
  cool text := request->'cooldown'->>'key';
  turn bigint := (request->>'queued_fence')::bigint;
  relied text[] := array(select jsonb_array_elements_text(request->'relies'->'keys'));
  since timestamptz;
  earlier execution;
  moment timestamptz;
  answer jsonb;
begin
  if turn is null then
    select * into earlier from execution e where e.id = asked.id;
    if not found and asked.idempotency_key is not null then
      select * into earlier from execution e where e.idempotency_key = asked.idempotency_key;
    end if;
    if earlier.id is not null then
      return jsonb_build_object('outcome', 'duplicate', 'id', earlier.id, 'request_hash', earlier.request_hash, 'status', earlier.status);
    end if;
  else
    select * into earlier from execution e where e.id = asked.id and e.status = 'queued' and e.fence = turn for update;
    if not found then return jsonb_build_object('outcome', 'duplicate', 'id', asked.id, 'request_hash', asked.request_hash); end if;
  end if;

  select jsonb_build_object('outcome', 'busy', 'key', l.key, 'holder',
           jsonb_build_object('id', e.id, 'action', e.action, 'started_at', e.started_at))
    into answer from target_lock l join execution e on e.id = l.execution_id where l.key = any (locks) order by l.key limit 1;
  if found then return answer; end if;

  if asked.rollback_of is not null then
    select jsonb_build_object('outcome', 'undone', 'by', e.rolled_back_by)
      into answer from execution e where e.id = asked.rollback_of and e.status = 'rolled_back';
    if found then return answer; end if;
  end if;

  moment := date_trunc('milliseconds', clock_timestamp());
  if cool is not null then
    select jsonb_build_object('outcome', 'cooling', 'until', c.until, 'by', c.execution_id)
      into answer from cooldown c where c.key = cool and c.until > moment;
    if found then return answer; end if;
  end if;

  asked.created_at := coalesce(earlier.created_at, moment);
  asked.started_at := moment;
  if run then
    if not take_slot(asked.id, (request->>'slots')::integer) then return jsonb_build_object('outcome', 'full'); end if;
    insert into target_lock (key, execution_id) select l, asked.id from unnest(locks) l;
    if cool is not null then
      insert into cooldown (key, execution_id, until)
        values (cool, asked.id, moment + make_interval(secs => (request->'cooldown'->>'period_ms')::float8 / 1000))
        on conflict on constraint cooldown_pkey do update set execution_id = excluded.execution_id, until = excluded.until;
    end if;
    asked.status := 'running';
    asked.fence := nextval('fence');
    asked.deadline := moment + make_interval(secs => asked.timeout_ms::float8 / 1000);
    asked.lease_until := moment + make_interval(secs => (request->>'lease_ms')::float8 / 1000);
  else
    asked.finished_at := moment;
  end if;

  if turn is null then
    insert into execution select asked.*;
  else
    -- What the queue knows of it stays: who asked, when, and how often it was tried.
    update execution e set
      status = asked.status, target = asked.target, parameters = asked.parameters, plan = asked.plan,
      changes = asked.changes, expectations = asked.expectations, verdicts = asked.verdicts, risk = asked.risk,
      progress = asked.progress, warnings = asked.warnings, result = asked.result, error = asked.error,
      message = asked.message, changed = asked.changed, trace_id = asked.trace_id, holder = asked.holder,
      fence = coalesce(asked.fence, earlier.fence), lease_until = asked.lease_until, started_at = asked.started_at,
      deadline = asked.deadline, finished_at = asked.finished_at
      where e.id = asked.id;
  end if;
  insert into execution_event (execution_id, type, message, data)
    values (asked.id, request->'event'->>'type', request->'event'->>'message', request->'event'->'data');
  answer := jsonb_build_object(
    'outcome', case when run then 'claimed' else 'recorded' end, 'fence', asked.fence, 'created_at', asked.created_at,
    'started_at', asked.started_at, 'deadline', asked.deadline, 'lease_until', asked.lease_until, 'finished_at', asked.finished_at);
  if not run or cardinality(relied) = 0 then return answer; end if;
  since := moment - make_interval(secs => (request->'relies'->>'since_ms')::float8 / 1000);
  return answer || jsonb_build_object('doubtful',
    exists (select from target_lock l where l.key = any (relied) and l.execution_id <> asked.id)
    or exists (select from execution e where e.finished_at >= since and e.changed and e.id <> asked.id
      and concat_ws('/', e.cluster, coalesce(e.namespace, ''), e.kind, e.name) = any (relied)));
end $$;
--> statement-breakpoint
-- Takes a free place of the global limit, without waiting for another claim's.
create or replace function take_slot(execution text, slots integer) returns boolean language plpgsql as $$
begin
  for attempt in 1..2 loop
    update slot set execution_id = take_slot.execution
      where slot.id = (select s.id from slot s where s.execution_id is null and s.id <= slots order by s.id limit 1 for update skip locked);
    if found then return true; end if;
    -- The limit was raised, or this is the first claim of all: make the places that are missing, and look again.
    if attempt = 1 then insert into slot (id) select n from generate_series(1, slots) n on conflict do nothing; end if;
  end loop;
  return false;
end $$;
--> statement-breakpoint
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
-- One of them alone, as replicas of the version before ask for it.
create or replace function finish_execution(execution_id text, fencing bigint, finish jsonb) returns jsonb language sql as $$
  select finish_executions(jsonb_build_array(finish || jsonb_build_object('id', execution_id, 'fence', fencing)))->0
$$;
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
  delete from target_lock l where l.execution_id = before.id;
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
      select * from jsonb_populate_record(null::execution, undo || jsonb_build_object('created_at', moment, 'not_before', undo_at));
    insert into execution_event (execution_id, at, type, message) values (undo->>'id', moment, 'execution.queued', undo->>'message');
  end if;
  if before.rollback_of is not null and after.status = 'completed' then
    with moot as (
      update execution e set status = 'cancelled', finished_at = moment, lease_until = null,
        message = before.rollback_of || ' has been rolled back already, by ' || before.id
      where e.rollback_of = before.rollback_of and e.status = 'queued' returning e.id, e.message
    )
    insert into execution_event (execution_id, at, type, message) select m.id, moment, 'execution.cancelled', m.message from moot m;
    update execution e set status = 'rolled_back', rolled_back_by = before.id where e.id = before.rollback_of;
    insert into execution_event (execution_id, at, type, message)
      values (before.rollback_of, moment, 'execution.rolled_back', 'Rolled back by ' || before.id);
  end if;
  return jsonb_build_object('finished_at', moment, 'scheduled_undo',
    case when undo_at is not null then jsonb_build_object('id', undo->>'id', 'at', undo_at) end);
end $$;
