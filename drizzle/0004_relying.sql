-- A verdict may rely on objects that stay as they were read: that of the last schedulable node relies on another one. What
-- another execution holds or has changed meanwhile is not relied upon without a second look, under the claim.
--
-- claim_relying({... as claim_execution, relies: {keys, since_ms}}) answers as claim_execution; `claimed` has `doubtful` beside:
-- whether another execution holds one of the keys now, or has ended since the reading began, having changed it.
-- Two claims that rely on each other's objects wait for each other here, so that one of them sees the other.
create function claim_relying(request jsonb) returns jsonb language plpgsql as $$
declare
  this text := request->'row'->>'id';
  its_key text := request->'row'->>'idempotency_key';
  relied text[] := array(select jsonb_array_elements_text(request->'relies'->'keys'));
  since timestamptz;
  lock text;
  answer jsonb;
begin
  -- In the order of claim_execution: first the request's key, then the objects, sorted.
  if its_key is not null and request->>'queued_fence' is null then
    perform pg_advisory_xact_lock(hashtextextended('request:' || its_key, 0));
  end if;
  for lock in select l from (select jsonb_array_elements_text(request->'locks') union select unnest(relied)) held (l) order by l loop
    perform pg_advisory_xact_lock(hashtextextended('target:' || lock, 0));
  end loop;
  answer := claim_execution(request);
  if answer->>'outcome' is distinct from 'claimed' then return answer; end if;
  since := clock_timestamp() - make_interval(secs => (request->'relies'->>'since_ms')::float8 / 1000);
  return answer || jsonb_build_object('doubtful',
    exists (select from target_lock l where l.key = any (relied) and l.execution_id <> this)
    or exists (select from execution e where e.finished_at >= since and e.changed and e.id <> this
      and concat_ws('/', e.cluster, coalesce(e.namespace, ''), e.kind, e.name) = any (relied)));
end $$;
--> statement-breakpoint
-- withdraw_claim(id, fence): as if it had never been made, by the holder with that fencing number. False: it is no longer its own.
create function withdraw_claim(execution_id text, fencing bigint) returns boolean language plpgsql as $$
declare
  this text := execution_id;
begin
  delete from execution e where e.id = this and e.fence = fencing and e.status = 'running';
  if not found then return false; end if;
  delete from execution_event v where v.execution_id = this;
  delete from target_lock l where l.execution_id = this;
  update slot s set execution_id = null where s.execution_id = this;
  delete from cooldown c where c.execution_id = this;
  return true;
end $$;
