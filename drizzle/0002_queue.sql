ALTER TABLE "execution" ADD COLUMN "not_before" timestamp (3) with time zone;--> statement-breakpoint
ALTER TABLE "execution" ADD COLUMN "attempts" integer;--> statement-breakpoint
CREATE INDEX "execution_queue" ON "execution" USING btree ("priority","created_at") WHERE status = 'queued';--> statement-breakpoint
CREATE UNIQUE INDEX "execution_queued_undo" ON "execution" USING btree ("rollback_of") WHERE status = 'queued' and rollback_of is not null;
--> statement-breakpoint
-- The races of admission, also for what has waited in the queue.
--
-- claim_execution({run, row, event, locks, cooldown: {key, period_ms}, slots, lease_ms, queued_fence}) answers {outcome: ...}:
--   claimed    the row is written and running; locks, cooldown and a slot are held
--   recorded   (run is false) the row is written as it is; nothing is held
--   duplicate  the same idempotency key or id was used: {id, request_hash, status}; of a queued one: it has been cancelled,
--              or another replica starts it
--   busy       an object is held: {holder: {id, action, started_at}, key}
--   undone     the execution to roll back has been rolled back: {by}
--   cooling    the class of action cools down on the target: {until, by}
--   full       no slot is free
-- With queued_fence the row stands in the queue already, and has been taken from there under that number by take_due.
-- It waits only for other claims of the same key or target, and those wait for nothing but their commit.
create or replace function claim_execution(request jsonb) returns jsonb language plpgsql as $$
declare
  run boolean := (request->>'run')::boolean;
  this text := request->'row'->>'id';
  its_key text := request->'row'->>'idempotency_key';
  locks text[] := array(select l from jsonb_array_elements_text(request->'locks') l order by l);
  cool text := request->'cooldown'->>'key';
  slots integer := (request->>'slots')::integer;
  turn bigint := (request->>'queued_fence')::bigint;
  queued execution;
  planned execution;
  moment timestamptz;
  answer jsonb;
  lock text;
  fencing bigint;
begin
  -- The same request twice at once: the second waits for the first one's commit, and then finds its row.
  if turn is null then
    if its_key is not null then
      perform pg_advisory_xact_lock(hashtextextended('request:' || its_key, 0));
    end if;
    select jsonb_build_object('outcome', 'duplicate', 'id', e.id, 'request_hash', e.request_hash, 'status', e.status)
      into answer from execution e where e.idempotency_key = its_key or e.id = this;
    if found then return answer; end if;
  end if;

  -- Sorted, so that two claims of the same objects can't wait for each other.
  foreach lock in array locks loop
    perform pg_advisory_xact_lock(hashtextextended('target:' || lock, 0));
  end loop;
  if turn is not null then
    select * into queued from execution e where e.id = this and e.status = 'queued' and e.fence = turn for update;
    if not found then return jsonb_build_object('outcome', 'duplicate', 'id', this, 'request_hash', request->'row'->>'request_hash'); end if;
  end if;
  select jsonb_build_object('outcome', 'busy', 'key', l.key, 'holder',
           jsonb_build_object('id', e.id, 'action', e.action, 'started_at', e.started_at))
    into answer from target_lock l join execution e on e.id = l.execution_id where l.key = any (locks) order by l.key limit 1;
  if found then return answer; end if;

  if request->'row'->>'rollback_of' is not null then
    select jsonb_build_object('outcome', 'undone', 'by', e.rolled_back_by)
      into answer from execution e where e.id = request->'row'->>'rollback_of' and e.status = 'rolled_back';
    if found then return answer; end if;
  end if;

  moment := date_trunc('milliseconds', clock_timestamp());
  if cool is not null then
    select jsonb_build_object('outcome', 'cooling', 'until', c.until, 'by', c.execution_id)
      into answer from cooldown c where c.key = cool and c.until > moment;
    if found then return answer; end if;
  end if;

  if run then
    if not take_slot(this, slots) then return jsonb_build_object('outcome', 'full'); end if;
    insert into target_lock (key, execution_id) select l, this from unnest(locks) l;
    if cool is not null then
      insert into cooldown (key, execution_id, until)
        values (cool, this, moment + make_interval(secs => (request->'cooldown'->>'period_ms')::float8 / 1000))
        on conflict on constraint cooldown_pkey do update set execution_id = excluded.execution_id, until = excluded.until;
    end if;
    fencing := nextval('fence');
    answer := jsonb_build_object(
      'status', 'running',
      'fence', fencing,
      'started_at', moment,
      'deadline', moment + make_interval(secs => (request->'row'->>'timeout_ms')::float8 / 1000),
      'lease_until', moment + make_interval(secs => (request->>'lease_ms')::float8 / 1000));
  else
    answer := jsonb_build_object('started_at', moment, 'finished_at', moment);
  end if;

  if turn is null then
    insert into execution
      select * from jsonb_populate_record(null::execution, request->'row' || answer || jsonb_build_object('created_at', moment));
  else
    -- What the queue knows of it stays: who asked, when, and how often it was tried.
    planned := jsonb_populate_record(queued, (request->'row') || jsonb_build_object('lease_until', null) || answer);
    moment := queued.created_at;
    update execution e set
      status = planned.status, target = planned.target, parameters = planned.parameters, plan = planned.plan,
      changes = planned.changes, expectations = planned.expectations, verdicts = planned.verdicts, risk = planned.risk,
      progress = planned.progress, warnings = planned.warnings, result = planned.result, error = planned.error,
      message = planned.message, changed = planned.changed, trace_id = planned.trace_id, holder = planned.holder,
      fence = planned.fence, lease_until = planned.lease_until, started_at = planned.started_at,
      deadline = planned.deadline, finished_at = planned.finished_at
      where e.id = this;
  end if;
  insert into execution_event (execution_id, type, message, data)
    values (this, request->'event'->>'type', request->'event'->>'message', request->'event'->'data');
  return answer || jsonb_build_object('outcome', case when run then 'claimed' else 'recorded' end, 'created_at', moment);
end $$;
--> statement-breakpoint
-- finish_execution(id, fence, {row, events, cooldown: {key, period_ms}, scheduled: {row, after_ms}}): the outcome, its events
-- and the release of all that was held, in one commit, and only by the holder with that fencing number. Null: the run is
-- no longer its own. A cooldown counts from here when something was changed, and is given back when nothing was.
create or replace function finish_execution(execution_id text, fencing bigint, finish jsonb) returns jsonb language plpgsql as $$
declare
  moment timestamptz := date_trunc('milliseconds', clock_timestamp());
  before execution;
  after execution;
  cool text := finish->'cooldown'->>'key';
  undo jsonb := finish->'scheduled'->'row';
  undo_at timestamptz;
begin
  select * into before from execution e
    where e.id = finish_execution.execution_id and e.fence = fencing and e.status in ('running', 'unknown') for update;
  if not found then return null; end if;
  after := jsonb_populate_record(before, finish->'row' || jsonb_build_object('finished_at', moment, 'lease_until', null));
  update execution e set
    status = after.status, message = after.message, changed = after.changed, changes = after.changes,
    expectations = after.expectations, progress = after.progress, result = after.result, error = after.error,
    warnings = after.warnings, settled = after.settled, plan = after.plan,
    finished_at = after.finished_at, lease_until = null
    where e.id = before.id;
  insert into execution_event (execution_id, at, type, message, data)
    select before.id, moment, event->>'type', event->>'message', event->'data' from jsonb_array_elements(finish->'events') event;
  delete from target_lock l where l.execution_id = before.id;
  update slot s set execution_id = null where s.execution_id = before.id;
  if after.changed then
    update cooldown c set until = moment + make_interval(secs => (finish->'cooldown'->>'period_ms')::float8 / 1000)
      where c.key = cool and c.execution_id = before.id;
  else
    delete from cooldown c where c.key = cool and c.execution_id = before.id;
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
--> statement-breakpoint
-- requeue_execution(id, fence, {message, after_ms}): back into the queue with all that was held released, by the holder
-- with that fencing number. False: the run is no longer its own.
create function requeue_execution(execution_id text, fencing bigint, requeue jsonb) returns boolean language plpgsql as $$
declare
  moment timestamptz := date_trunc('milliseconds', clock_timestamp());
  this text := execution_id;
begin
  update execution e set
    status = 'queued', message = requeue->>'message', not_before = moment + make_interval(secs => (requeue->>'after_ms')::float8 / 1000),
    holder = null, lease_until = null, started_at = null, deadline = null, progress = null
    where e.id = this and e.fence = fencing and e.status in ('running', 'unknown');
  if not found then return false; end if;
  insert into execution_event (execution_id, at, type, message) values (this, moment, 'execution.queued', requeue->>'message');
  delete from target_lock l where l.execution_id = this;
  update slot s set execution_id = null where s.execution_id = this;
  delete from cooldown c where c.execution_id = this;
  return true;
end $$;
