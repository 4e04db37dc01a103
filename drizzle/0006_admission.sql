-- Admission: the races of all replicas, decided in one statement. It is kept cheap, since most of its time goes into planning
-- statements and copying JSON. Each plan is made once per connection, for any value, and by index whatever the statistics
-- say: a table that was empty when a statement was planned may be large soon.
--
-- A verdict may rely on objects that stay as they were read: that of the last schedulable node relies on another one. What
-- another execution holds or has changed meanwhile is not relied upon without a second look, under the claim.
--
-- claim_executions([request, ...]) admits what has come together, in one commit, and answers in the same order:
-- each request {run, row, event, locks, cooldown: {key, period_ms}, slots, lease_ms, queued_fence, relies: {keys, since_ms}, radius, quotas}
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
--   stopped    there is an emergency stop: {scope, reason, by, at}; a queued one is parked until it is lifted
--   too_wide   {scope: namespace | cluster | nodes, changed, most, until}: so many different targets are under way or have
--              been changed within the window of its radius; until then one of them will have left it
--   over_quota {used, most, window_ms, until}: so many executions are under way in the target's namespace or have changed
--              something there within the window of one of its quotas; until then one of them will have left it
--   outdated   another execution has changed one of its objects since the reading that it was planned from
-- With queued_fence the row stands in the queue already, and has been taken from there under that number by take_due.
-- It waits only for other claims of the same key or target, and those wait for nothing but their commit.
create function claim_executions(requests jsonb) returns jsonb language plpgsql
  set plan_cache_mode = force_generic_plan set enable_seqscan = off as $$
declare
  lock text;
  request jsonb;
  answers jsonb := '[]';
begin
  perform pass_stops();
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
-- One request, under the locks of its key and its targets. Of a queued one that finds an object held, or no slot free, the
-- turn is over: it waits for that. A `polite` one that was never queued finds no slot free while others wait for their turn.
-- `outdated`: between the reading that it was planned from, read_ms before this was sent, and now another execution has changed one of
-- its objects. Counted back from the statement's arrival: how long it then waits for other claims does not make the reading younger.
create function admit_execution(request jsonb) returns jsonb language plpgsql as $$
declare
  run boolean := (request->>'run')::boolean;
  asked execution := jsonb_populate_record(null::execution, request->'row');
  locks text[] := array(select jsonb_array_elements_text(request->'locks'));
  cool text := request->'cooldown'->>'key';
  turn bigint := (request->>'queued_fence')::bigint;
  relied text[] := array(select jsonb_array_elements_text(request->'relies'->'keys'));
  since timestamptz;
  queued execution;
  stop control;
  moment timestamptz;
  answer jsonb;
begin
  if turn is null then
    answer := earlier_execution(asked, (request->>'idempotency_ms')::float8);
    if answer is not null then return answer; end if;
    if (request->>'polite')::boolean
      and exists (select from execution e where e.status = 'queued' and e.cluster = asked.cluster and e.waits_for is null)
    then
      return jsonb_build_object('outcome', 'full');
    end if;
  else
    select * into queued from execution e where e.id = asked.id and e.status = 'queued' and e.fence = turn for update;
    if not found then return jsonb_build_object('outcome', 'duplicate', 'id', asked.id, 'request_hash', asked.request_hash); end if;
  end if;

  if run then
    select * into stop from stop_of(asked.cluster, asked.namespace);
    if stop.scope is not null then
      if turn is not null then
        perform wait_for_lift(queued, stop);
        insert into execution_event (execution_id, type, message) values (asked.id, 'execution.waiting', waiting_for_lift(stop));
      end if;
      return jsonb_build_object('outcome', 'stopped', 'scope', stop.scope, 'reason', stop.reason, 'by', stop.changed_by, 'at', stop.changed_at);
    end if;
  end if;

  select jsonb_build_object('outcome', 'busy', 'key', l.key, 'holder',
           jsonb_build_object('id', e.id, 'action', e.action, 'started_at', e.started_at))
    into answer from target_lock l join execution e on e.id = l.execution_id where l.key = any (locks) order by l.key limit 1;
  if found then
    if turn is not null then perform wait_for_key(asked.id, locks); end if;
    return answer;
  end if;
  answer := undone_execution(asked.rollback_of);
  if answer is not null then return answer; end if;

  moment := date_trunc('milliseconds', clock_timestamp());
  if cool is not null then
    select jsonb_build_object('outcome', 'cooling', 'until', c.until, 'by', c.execution_id)
      into answer from cooldown c
      where c.key = cool and c.until > moment and c.execution_id is distinct from asked.resume_of;
    if found then return answer; end if;
  end if;

  -- Else what that one did could be taken for its own, should its replica die before it has sent anything.
  if run and exists (
    select from execution e
    where e.finished_at >= date_trunc('milliseconds', statement_timestamp() - make_interval(secs => (request->>'read_ms')::float8 / 1000)) and e.changed and e.id <> asked.id
      and concat_ws('/', e.cluster, coalesce(e.namespace, ''), e.kind, e.name) = any (locks))
  then
    return jsonb_build_object('outcome', 'outdated');
  end if;

  if run then
    answer := coalesce(too_wide(request), over_quota(request));
    if answer is not null then return answer; end if;
  end if;

  asked.created_at := coalesce(queued.created_at, moment);
  asked.started_at := moment;
  if run then
    if not take_slot(asked.id, (request->>'slots')::integer) then
      if turn is not null then
        update execution e set waits_for = null, lease_until = null, holder = null, attempts = e.attempts - 1 where e.id = asked.id;
      end if;
      return jsonb_build_object('outcome', 'full');
    end if;
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
      impact = coalesce(asked.impact, e.impact),
      progress = asked.progress, warnings = asked.warnings, result = asked.result, error = asked.error,
      message = asked.message, changed = asked.changed, trace_id = asked.trace_id, holder = asked.holder,
      fence = coalesce(asked.fence, queued.fence), lease_until = asked.lease_until, started_at = asked.started_at,
      deadline = asked.deadline, finished_at = asked.finished_at, waits_for = null
      where e.id = asked.id;
    -- What waits for an object that this one does not hold after all need not wait for its end.
    if queued.lock_keys is not null and not (run and queued.lock_keys = request->'locks') then
      perform wake_queue(queued.cluster, array(select jsonb_array_elements_text(queued.lock_keys)));
    end if;
  end if;
  insert into execution_event (execution_id, type, message, data)
    values (asked.id, request->'event'->>'type', request->'event'->>'message', request->'event'->'data');
  answer := jsonb_build_object(
    'outcome', case when run then 'claimed' else 'recorded' end, 'fence', asked.fence, 'created_at', asked.created_at,
    'started_at', asked.started_at, 'deadline', asked.deadline, 'lease_until', asked.lease_until, 'finished_at', asked.finished_at);
  if not run or cardinality(relied) = 0 then return answer; end if;
  since := statement_timestamp() - make_interval(secs => (request->'relies'->>'since_ms')::float8 / 1000);
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
    exit when (select count(*) from slot s where s.id <= slots) >= slots;
    -- The limit was raised, or this is the first claim of all: make the places that are missing, and look again. Only those:
    -- an insert where there is one already would wait for whoever takes or frees it, and two claims for each other.
    insert into slot (id) select n from generate_series(1, slots) n where not exists (select from slot s where s.id = n)
      order by n on conflict do nothing;
  end loop;
  return false;
end $$;
--> statement-breakpoint
-- withdraw_claim(id, fence): as if it had never been made, by the holder with that fencing number. False: it is no longer its own.
create function withdraw_claim(execution_id text, fencing bigint) returns boolean language plpgsql as $$
declare
  this text := execution_id;
  gone execution;
  released text[];
begin
  delete from execution e where e.id = this and e.fence = fencing and e.status = 'running' returning * into gone;
  if not found then return false; end if;
  delete from execution_event v where v.execution_id = this;
  with let_go as (delete from target_lock l where l.execution_id = this returning l.key) select array_agg(g.key) into released from let_go g;
  update slot s set execution_id = null where s.execution_id = this;
  delete from cooldown c where c.execution_id = this;
  perform audit_fact('execution.withdrawn', gone.cluster, gone.namespace, this, gone.requested_by,
    jsonb_build_object('message', 'Taken back before anything was changed', 'action', gone.action));
  perform wake_queue(gone.cluster, released);
  return true;
end $$;
--> statement-breakpoint
-- One of them alone, as replicas of the version before ask for it.
create or replace function claim_execution(request jsonb) returns jsonb language sql as $$
  select claim_executions(jsonb_build_array(request))->0
$$;
