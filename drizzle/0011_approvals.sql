-- Approvals. An execution that a person has to agree to is written as pending_approval: it holds nothing and is in no queue.
-- Its approval is decided once, by whoever locks its row first: approved, it goes into the queue, from where it takes its way
-- through all gates; else it ends as refused (cancelled, where its cancellation came first). Everybody who decides locks the
-- approval before the execution.

-- ask_approval({row, locks, approval: {id, plan_hash, evaluation, expires_ms}, message, cooldown_key, idempotency_ms, queued_fence})
-- writes both, in one commit with the events. With queued_fence the row stands in the queue, and leaves it. {outcome: ...}:
--   asked  {created_at, expires_at}
--   duplicate, undone, cooling  as claim_executions
create function ask_approval(request jsonb) returns jsonb language plpgsql
  set plan_cache_mode = force_generic_plan set enable_seqscan = off as $$
declare
  moment timestamptz;
  asked execution := jsonb_populate_record(null::execution, request->'row');
  its approval := jsonb_populate_record(null::approval, request->'approval');
  turn bigint := (request->>'queued_fence')::bigint;
  queued execution;
  answer jsonb;
  word text;
begin
  if turn is null then
    for word in select distinct w from (values (asked.id), (asked.idempotency_key)) words(w) where w is not null order by w loop
      perform pg_advisory_xact_lock(hashtextextended('request:' || word, 0));
    end loop;
    answer := earlier_execution(asked, (request->>'idempotency_ms')::float8);
    if answer is not null then return answer; end if;
    answer := coalesce(undone_execution(asked.rollback_of),
      cooling_until(request->>'cooldown_key', greatest(clock_timestamp(), asked.not_before), asked.resume_of));
    if answer is not null then return answer; end if;
  else
    select * into queued from execution e where e.id = asked.id and e.status = 'queued' and e.fence = turn for update;
    if not found then return jsonb_build_object('outcome', 'duplicate', 'id', asked.id, 'request_hash', asked.request_hash); end if;
  end if;

  moment := date_trunc('milliseconds', clock_timestamp());
  its.status := 'pending';
  its.execution_id := asked.id;
  its.cluster := asked.cluster;
  its.requested_by := asked.requested_by;
  its.requested_at := moment;
  its.expires_at := moment + make_interval(secs => (request->'approval'->>'expires_ms')::float8 / 1000);
  asked.status := 'pending_approval';
  asked.approval_id := its.id;
  asked.message := request->>'message';
  asked.lock_keys := request->'locks';
  if turn is null then
    asked.created_at := moment;
    insert into execution select asked.*;
  else
    update execution e set status = asked.status, approval_id = asked.approval_id, message = asked.message, lock_keys = asked.lock_keys,
      target = asked.target, parameters = asked.parameters, plan = asked.plan, changes = asked.changes,
      expectations = asked.expectations, verdicts = asked.verdicts, risk = asked.risk, impact = asked.impact, warnings = asked.warnings,
      waits_for = null, due_at = null, lease_until = null, holder = null
      where e.id = asked.id;
    perform wake_queue(queued.cluster, array(select jsonb_array_elements_text(queued.lock_keys)));
  end if;
  insert into approval select its.*;
  insert into execution_event (execution_id, at, type, message, data) values
    (asked.id, moment, 'execution.pending_approval', asked.message, null),
    (asked.id, moment, 'approval.requested', asked.message, approval_told(its));
  return jsonb_build_object('outcome', 'asked', 'created_at', coalesce(queued.created_at, moment), 'expires_at', its.expires_at);
end $$;
--> statement-breakpoint
create function cooling_until(key text, moment timestamptz, resume_of text) returns jsonb language sql stable as $$
  select jsonb_build_object('outcome', 'cooling', 'until', c.until, 'by', c.execution_id)
    from cooldown c where c.key = cooling_until.key and c.until > moment and c.execution_id is distinct from cooling_until.resume_of
$$;
--> statement-breakpoint
-- What an event tells of an approval beside its message.
create function approval_told(its approval) returns jsonb language sql immutable as $$
  select jsonb_strip_nulls(jsonb_build_object('approval_id', its.id, 'plan_hash', its.plan_hash, 'by', its.decided_by,
    'comment', its.comment, 'expires_at', its.expires_at))
$$;
--> statement-breakpoint
-- Decides a pending approval against its execution, which ends; the approval's row is locked already.
create function end_pending(its approval, its_status text, decider text, its_comment text, ends_as text, why text, its_error jsonb)
  returns void language plpgsql as $$
declare
  moment timestamptz := date_trunc('milliseconds', clock_timestamp());
begin
  its.decided_by := decider;
  its.comment := its_comment;
  update approval a set status = its_status, decided_by = decider, decided_at = moment, comment = its_comment where a.id = its.id;
  update execution e set status = ends_as, message = why, error = its_error, finished_at = moment
    where e.id = its.execution_id and e.status = 'pending_approval';
  insert into execution_event (execution_id, at, type, message, data) values
    (its.execution_id, moment, 'approval.' || its_status, why, approval_told(its)),
    (its.execution_id, moment, 'execution.' || ends_as, why, null);
end $$;
--> statement-breakpoint
create function expire_approval(its approval) returns void language sql as $$
  select end_pending(its, 'expired', null, null, 'refused', 'Nobody has agreed in time',
    jsonb_build_object('code', 'approval_expired', 'message', 'Nobody has agreed in time', 'hint', 'Nothing was done; ask for the execution anew'))
$$;
--> statement-breakpoint
-- decide_approval(id, decision, hash, by, comment, message, error, cooldown_key): decision is approved, rejected or stale. Once:
-- whoever comes second is told what the first has decided. {outcome: ...}
--   done      it stands as decided; approved, its execution is queued
--   decided   {status, by, at}: somebody else was first
--   expired   nobody had decided in time
--   undone, cooling  as claim_executions, of what was to be approved: nothing is decided
create function decide_approval(this text, decision text, decider text, its_comment text, why text, its_error jsonb, cooldown_key text)
  returns jsonb language plpgsql as $$
declare
  moment timestamptz;
  its approval;
  asked execution;
  answer jsonb;
begin
  select * into its from approval a where a.id = this for update;
  if its.status <> 'pending' then
    return jsonb_build_object('outcome', case its.status when 'expired' then 'expired' else 'decided' end, 'status', its.status,
      'by', its.decided_by, 'at', its.decided_at);
  end if;
  moment := date_trunc('milliseconds', clock_timestamp());
  if its.expires_at <= moment then
    perform expire_approval(its);
    return jsonb_build_object('outcome', 'expired');
  end if;
  if decision <> 'approved' then
    perform end_pending(its, decision, decider, its_comment, 'refused', why, its_error);
    return jsonb_build_object('outcome', 'done');
  end if;
  select * into asked from execution e where e.id = its.execution_id for update;
  answer := coalesce(undone_execution(asked.rollback_of), cooling_until(cooldown_key, greatest(moment, asked.not_before), asked.resume_of));
  if answer is not null then return answer; end if;
  its.decided_by := decider;
  its.comment := its_comment;
  update approval a set status = decision, decided_by = decider, decided_at = moment, comment = its_comment where a.id = this;
  update execution e set status = 'queued', approved_hash = its.plan_hash, approved_by = decider, message = why,
    due_at = greatest(moment, e.not_before), waits_for = case when e.not_before > moment then '@time' end
    where e.id = asked.id;
  insert into execution_event (execution_id, at, type, message, data) values
    (asked.id, moment, 'approval.approved', why, approval_told(its)), (asked.id, moment, 'execution.queued', why, null);
  perform pg_notify('executor_queue', asked.cluster);
  return jsonb_build_object('outcome', 'done');
end $$;
--> statement-breakpoint
-- Ends those of a cluster that nobody has decided in time, as many at the most. Two replicas never end the same one.
create function expire_approvals(its_cluster text, most integer) returns setof text language plpgsql as $$
declare
  its approval;
begin
  for its in
    select * from approval a where a.cluster = its_cluster and a.status = 'pending' and a.expires_at <= clock_timestamp()
    order by a.expires_at limit most for update skip locked
  loop
    perform expire_approval(its);
    return next its.id;
  end loop;
end $$;
--> statement-breakpoint
-- Of an execution that waits for an approval: it is asked about no longer. False: it does not wait for one.
create function cancel_pending(this text, reason text, why text) returns boolean language plpgsql as $$
declare
  its approval;
begin
  select * into its from approval a where a.execution_id = this and a.status = 'pending' for update;
  if not found then return false; end if;
  update execution e set cancel_requested_at = date_trunc('milliseconds', clock_timestamp()), cancel_reason = cancel_pending.reason
    where e.id = this;
  perform end_pending(its, 'stale', null, why, 'cancelled', why, null);
  return true;
end $$;
