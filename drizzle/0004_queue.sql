-- The queue is the table of executions itself. What a queued execution waits for stands in waits_for:
--   null              its turn: it may be taken
--   @time             not_before
--   @start            the replica that has taken it to plan it, for as long as lease_until
--   @stop             an emergency stop being lifted
--   any other text    that object being free (a key of target_lock)
-- due_at says since when it waits for its turn; lock_keys which objects it will hold, as far as that is known.
--
-- None is forgotten: whoever lets a key go, or leaves the queue without having held it, makes the next one that waits for
-- it ready (wake_queue), in the same commit. One waits for a key only while it shares the row of target_lock with its
-- holder, whose commit therefore comes later.

create function waiting_for(held text) returns text language sql stable as $$
  select coalesce(
    (select format('Waits for %s, which execution %s (%s) holds', held, e.id, e.action)
      from target_lock l join execution e on e.id = l.execution_id where l.key = held),
    format('Waits for %s', held))
$$;
--> statement-breakpoint
-- The first of these keys that is held, once it is sure that its holder's release comes after this commit. Null: none is,
-- or the one that is held is being released right now.
create function held_key(keys text[]) returns text language sql as $$
  select l.key from target_lock l where l.key = any (keys) order by l.key limit 1 for share skip locked
$$;
--> statement-breakpoint
-- The queue is the table of executions itself. What a queued execution waits for stands in waits_for:
--   null              its turn: it may be taken
--   @time             not_before
--   @start            the replica that has taken it to plan it, for as long as lease_until
--   any other text    that object being free (a key of target_lock)
-- due_at says since when it waits for its turn; lock_keys which objects it will hold, as far as that is known.
--
-- None is forgotten: whoever lets a key go, or leaves the queue without having held it, makes the next one that waits for
-- it ready (wake_queue), in the same commit. One waits for a key only while it shares the row of target_lock with its
-- holder, whose commit therefore comes later.

-- Makes the first that waits for each of these keys ready, by priority and age, and tells the replicas when there is something to take.
create function wake_queue(its_cluster text, keys text[]) returns void language plpgsql as $$
declare
  moment timestamptz := clock_timestamp();
  wanted text;
  first text;
  woken boolean := false;
begin
  if not exists (select from execution e where e.status = 'queued' and e.cluster = its_cluster) then return; end if;
  foreach wanted in array coalesce(keys, '{}') loop
    continue when exists (select from target_lock l where l.key = wanted);
    first := null;
    select e.id into first from execution e
      where e.status = 'queued' and e.cluster = its_cluster and e.waits_for = wanted and e.due_at <= moment - interval '30 seconds'
      order by e.due_at limit 1 for update skip locked;
    if first is null then
      select e.id into first from execution e where e.status = 'queued' and e.cluster = its_cluster and e.waits_for = wanted
        order by e.priority, e.due_at limit 1 for update skip locked;
    end if;
    if first is not null then
      update execution e set waits_for = null where e.id = first;
      woken := true;
    end if;
  end loop;
  if woken or exists (select from execution e where e.status = 'queued' and e.cluster = its_cluster and e.waits_for is null) then
    perform pg_notify('executor_queue', its_cluster);
  end if;
end $$;
--> statement-breakpoint
-- The execution that an earlier same request has begun, as `duplicate`. A key counts for so long after the end of its execution.
create function earlier_execution(asked execution, idempotency_ms float8) returns jsonb language plpgsql as $$
declare
  earlier execution;
begin
  select * into earlier from execution e where e.id = asked.id;
  if not found and asked.idempotency_key is not null then
    select * into earlier from execution e where e.idempotency_key = asked.idempotency_key;
    if earlier.finished_at < clock_timestamp() - make_interval(secs => idempotency_ms / 1000) then
      update execution e set idempotency_key = null where e.id = earlier.id;
      return null;
    end if;
  end if;
  if earlier.id is null then return null; end if;
  return jsonb_build_object('outcome', 'duplicate', 'id', earlier.id, 'request_hash', earlier.request_hash, 'status', earlier.status);
end $$;
--> statement-breakpoint
create function undone_execution(rollback_of text) returns jsonb language sql stable as $$
  select jsonb_build_object('outcome', 'undone', 'by', e.rolled_back_by)
    from execution e where e.id = undone_execution.rollback_of and e.status = 'rolled_back'
$$;
--> statement-breakpoint
-- enqueue_executions([{row, event, locks, cooldown_key, idempotency_ms, take: {holder, lease_ms, slots} or absent}, ...]) writes what is to
-- run later, and answers in the same order {outcome: ...}:
--   queued     {created_at, not_before, due_at, waits_for, message, fence}; with a fence it is taken already (see take_due):
--              whoever asks with `take` has room for it, and nothing stands in its way, nor waits for its turn before it
--   duplicate, undone, cooling  as claim_executions
create function enqueue_executions(requests jsonb) returns jsonb language plpgsql
  set plan_cache_mode = force_generic_plan set enable_seqscan = off as $$
declare
  word text;
  request jsonb;
  answer jsonb;
  answers jsonb[] := '{}';
  ready text;
begin
  perform pass_stops();
  for word in
    select distinct w from jsonb_array_elements(requests) r, lateral (values (r->'row'->>'id'), (r->'row'->>'idempotency_key')) words(w)
    where w is not null order by w
  loop
    perform pg_advisory_xact_lock(hashtextextended('request:' || word, 0));
  end loop;
  for request in select r from jsonb_array_elements(requests) r loop
    answer := enqueue_execution(request);
    if answer->>'outcome' = 'queued' and answer->>'waits_for' is null then ready := request->'row'->>'cluster'; end if;
    answers := answers || answer;
  end loop;
  if ready is not null then perform pg_notify('executor_queue', ready); end if;
  return to_jsonb(answers);
end $$;
--> statement-breakpoint
create function enqueue_execution(request jsonb) returns jsonb language plpgsql as $$
declare
  moment timestamptz := date_trunc('milliseconds', clock_timestamp());
  asked execution := jsonb_populate_record(null::execution, request->'row');
  answer jsonb;
  stop control;
begin
  answer := earlier_execution(asked, (request->>'idempotency_ms')::float8);
  if answer is not null then return answer; end if;
  answer := undone_execution(asked.rollback_of);
  if answer is not null then return answer; end if;
  asked.created_at := moment;
  asked.due_at := greatest(moment, asked.not_before);
  select jsonb_build_object('outcome', 'cooling', 'until', c.until, 'by', c.execution_id)
    into answer from cooldown c
    where c.key = request->>'cooldown_key' and c.until > asked.due_at and c.execution_id is distinct from asked.resume_of;
  if found then return answer; end if;

  asked.status := 'queued';
  asked.lock_keys := request->'locks';
  if asked.not_before > moment then
    asked.waits_for := '@time';
  else
    asked.waits_for := held_key(array(select jsonb_array_elements_text(request->'locks')));
  end if;
  if asked.waits_for is not null and asked.waits_for <> '@time' then asked.message := waiting_for(asked.waits_for); end if;
  if asked.waits_for is null and not asked.dry_run then
    select * into stop from stop_of(asked.cluster, asked.namespace);
    if stop.scope is not null then
      asked.waits_for := '@stop';
      asked.message := waiting_for_lift(stop);
    end if;
  end if;
  if asked.waits_for is null and request ? 'take'
    and not exists (select from execution e where e.status = 'queued' and e.cluster = asked.cluster and e.waits_for is null)
    and (select count(*) from slot s where s.execution_id is not null) < (request->'take'->>'slots')::integer
  then
    asked.waits_for := '@start';
    asked.holder := request->'take'->>'holder';
    asked.fence := nextval('fence');
    asked.attempts := 1;
    asked.lease_until := moment + make_interval(secs => (request->'take'->>'lease_ms')::float8 / 1000);
  end if;
  insert into execution select asked.*;
  insert into execution_event (execution_id, at, type, message) values (asked.id, moment, 'execution.queued', asked.message);
  return jsonb_build_object('outcome', 'queued', 'created_at', moment, 'not_before', asked.not_before, 'due_at', asked.due_at,
    'waits_for', asked.waits_for, 'message', asked.message, 'fence', asked.fence);
end $$;
--> statement-breakpoint
-- Takes what is due and whose turn it is, to plan it: what has waited for half a minute before everything younger, then by
-- priority and age; as many as there are free slots at the most, and of several for one object only one. What is taken
-- stays queued until its claim, so that it can still be cancelled, and is taken again when its lease ends. Two replicas
-- never take the same one. With dry_only only dry runs.
create function take_due(its_cluster text, its_holder text, lease_ms float8, most integer, slots integer, dry_only boolean)
  returns setof execution language plpgsql
  set plan_cache_mode = force_generic_plan set enable_seqscan = off as $$
declare
  moment timestamptz := clock_timestamp();
  places integer := least(most, slots - (select count(*) from slot s where s.execution_id is not null));
  looked integer := places;
  candidates text[];
  seen text[] := '{}';
  taken text[] := '{}';
  taken_keys text[] := '{}';
  its_keys text[];
  held text;
  one record;
  stopped execution;
  scopes text[];
begin
  update execution e set waits_for = null where e.id in (
    select d.id from execution d where d.status = 'queued' and d.cluster = its_cluster and d.waits_for = '@time' and d.not_before <= moment
    order by d.not_before limit 500 for update skip locked);
  update execution e set waits_for = null, lease_until = null where e.id in (
    select d.id from execution d where d.status = 'queued' and d.cluster = its_cluster and d.waits_for = '@start' and d.lease_until <= moment
    order by d.lease_until limit 500 for update skip locked);
  if exists (select from control c where c.cluster = its_cluster and c.stopped) then
    perform pass_stops();
    scopes := array(select c.scope from control c where c.cluster = its_cluster and c.stopped);
    for stopped in
      select d.* from execution d
      where d.status = 'queued' and d.cluster = its_cluster and d.waits_for is null and not d.dry_run
        and ('*' = any (scopes) or d.namespace = any (scopes))
      limit 500 for update skip locked
    loop
      perform wait_for_lift(stopped, stop_of(its_cluster, stopped.namespace));
    end loop;
  end if;
  if places <= 0 then return; end if;
  -- Mostly the first round is all. Where some wait for others of them, the next looks further.
  for round in 1 .. 3 loop
    candidates := array(
      select e.id from execution e
      where e.status = 'queued' and e.cluster = its_cluster and e.waits_for is null and (e.dry_run or not dry_only)
        and e.due_at <= moment - interval '30 seconds' and e.id <> all (seen)
      order by e.due_at limit looked for update skip locked);
    if cardinality(candidates) < looked then
      candidates := candidates || array(
        select e.id from execution e
        where e.status = 'queued' and e.cluster = its_cluster and e.waits_for is null and (e.dry_run or not dry_only)
          and e.due_at > moment - interval '30 seconds' and e.id <> all (seen)
        order by e.priority, e.due_at limit looked - cardinality(candidates) for update skip locked);
    end if;
    for one in
      select c.id, e.lock_keys from unnest(candidates) with ordinality c(id, n) join execution e on e.id = c.id order by c.n
    loop
      exit when cardinality(taken) >= places;
      its_keys := array(select jsonb_array_elements_text(one.lock_keys));
      continue when its_keys && taken_keys;
      held := held_key(its_keys);
      if held is not null then
        update execution e set waits_for = held, message = waiting_for(held) where e.id = one.id;
      else
        taken := taken || one.id;
        taken_keys := taken_keys || its_keys;
      end if;
    end loop;
    exit when cardinality(taken) >= places or cardinality(candidates) < looked;
    seen := seen || candidates;
    looked := places * 4;
  end loop;
  return query
    update execution e set waits_for = '@start', holder = its_holder, fence = nextval('fence'), attempts = coalesce(e.attempts, 0) + 1,
      lease_until = moment + make_interval(secs => lease_ms / 1000)
    where e.id = any (taken) returning e.*;
end $$;
--> statement-breakpoint
-- Back into the queue, by the replica that has taken it. False: it is in other hands.
create function put_back(this text, fencing bigint, after_ms float8, why text) returns boolean language plpgsql as $$
declare
  waiting execution;
begin
  update execution e set waits_for = '@time', not_before = clock_timestamp() + make_interval(secs => after_ms / 1000),
    lease_until = null, holder = null, message = why
    where e.id = this and e.fence = fencing and e.status = 'queued' returning * into waiting;
  if not found then return false; end if;
  insert into execution_event (execution_id, type, message) values (this, 'execution.waiting', why);
  perform wake_queue(waiting.cluster, array(select jsonb_array_elements_text(waiting.lock_keys)));
  return true;
end $$;
--> statement-breakpoint
-- Ends a queued one without starting it; with a fencing number only what was taken under it. False: it is queued no longer.
create function end_queued(this text, fencing bigint, its_status text, why text, its_error jsonb) returns boolean language plpgsql as $$
declare
  waiting execution;
begin
  update execution e set status = its_status, message = why, error = its_error, finished_at = date_trunc('milliseconds', clock_timestamp()), lease_until = null, waits_for = null
    where e.id = this and e.status = 'queued' and e.fence is not distinct from coalesce(fencing, e.fence) returning * into waiting;
  if not found then return false; end if;
  insert into execution_event (execution_id, type, message) values (this, 'execution.' || its_status, why);
  perform wake_queue(waiting.cluster, array(select jsonb_array_elements_text(waiting.lock_keys)));
  return true;
end $$;
--> statement-breakpoint
-- Of one that was taken and found an object held: it waits for that, or, where it is being released right now, for a moment.
create function wait_for_key(this text, keys text[]) returns void language plpgsql as $$
declare
  held text := held_key(keys);
  why text := waiting_for(coalesce(held, keys[1]));
begin
  update execution e set waits_for = coalesce(held, '@time'), lock_keys = to_jsonb(keys), message = why,
    not_before = case when held is null then clock_timestamp() + interval '50 milliseconds' else e.not_before end,
    lease_until = null, holder = null, attempts = e.attempts - 1
    where e.id = this;
  insert into execution_event (execution_id, type, message) values (this, 'execution.waiting', why);
end $$;
--> statement-breakpoint
-- requeue_execution(id, fence, {message, after_ms}): back into the queue with all that was held released, by the holder
-- with that fencing number. False: the run is no longer its own.
create function requeue_execution(execution_id text, fencing bigint, requeue jsonb) returns boolean language plpgsql as $$
declare
  moment timestamptz := date_trunc('milliseconds', clock_timestamp());
  this text := execution_id;
  its_cluster text;
  released text[];
begin
  update execution e set
    status = 'queued', message = requeue->>'message', waits_for = '@time',
    not_before = moment + make_interval(secs => (requeue->>'after_ms')::float8 / 1000), due_at = coalesce(e.due_at, moment),
    holder = null, lease_until = null, started_at = null, deadline = null, progress = null,
    -- A stop ends what was under way; what waits goes on once it is lifted.
    cancel_requested_at = case when e.cancel_code is null then e.cancel_requested_at end,
    cancel_reason = case when e.cancel_code is null then e.cancel_reason end, cancel_code = null
    where e.id = this and e.fence = fencing and e.status in ('running', 'unknown') returning e.cluster into its_cluster;
  if not found then return false; end if;
  insert into execution_event (execution_id, at, type, message) values (this, moment, 'execution.queued', requeue->>'message');
  with let_go as (delete from target_lock l where l.execution_id = this returning l.key) select array_agg(g.key) into released from let_go g;
  update slot s set execution_id = null where s.execution_id = this;
  delete from cooldown c where c.execution_id = this;
  perform wake_queue(its_cluster, released);
  return true;
end $$;
--> statement-breakpoint
-- Makes ready what waits for a key that nobody holds, should a release ever have missed it.
create function sweep_queue(its_cluster text) returns void language sql as $$
  select lift_stops(its_cluster);
  with recursive waiting(key) as (
    (select e.waits_for from execution e where e.status = 'queued' and e.cluster = its_cluster and e.waits_for is not null
      order by e.waits_for limit 1)
    union all
    select (select e.waits_for from execution e where e.status = 'queued' and e.cluster = its_cluster and e.waits_for > w.key
      order by e.waits_for limit 1)
    from waiting w where w.key is not null
  )
  select wake_queue(its_cluster, array_agg(w.key)) from waiting w
    where w.key is not null and w.key not in ('@time', '@start', '@stop') and not exists (select from target_lock l where l.key = w.key)
    having count(*) > 0
$$;
--> statement-breakpoint
-- How long it is until something has to be done: until what is scheduled is due, what was taken is free again, a silent
-- run may be taken over, or a question has been left without an answer for too long. Null: nothing is foreseen.
create function next_due_ms(its_cluster text) returns float8 language sql stable as $$
  select extract(epoch from least(
    (select min(e.not_before) from execution e where e.status = 'queued' and e.cluster = its_cluster and e.waits_for = '@time'),
    (select min(e.lease_until) from execution e where e.status = 'queued' and e.cluster = its_cluster and e.waits_for = '@start'),
    (select min(e.lease_until) from execution e where e.status in ('running', 'unknown') and e.cluster = its_cluster),
    (select min(a.expires_at) from approval a where a.status = 'pending' and a.cluster = its_cluster)
  ) - clock_timestamp())::float8 * 1000
$$;
