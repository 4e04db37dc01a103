-- An emergency stop, of a whole cluster or of a namespace. What is stopped begins nothing: the claim looks at the controls
-- itself, under a lock that it shares with other claims, and that a change of the controls has for itself. So a claim is
-- committed before the stop, which then ends its run, or it sees the stop. Everything that is parked by one is parked
-- under that lock too, so that none is left behind when it is lifted. It is the first lock that anybody takes.

create function pass_stops() returns void language sql as $$
  select pg_advisory_xact_lock_shared(hashtextextended('stops', 0))
$$;
--> statement-breakpoint
-- The stop that holds a target of that namespace; of one without a namespace only that of the whole cluster. All null: none.
create function stop_of(its_cluster text, its_namespace text) returns control language sql stable as $$
  select c from control c
  where c.cluster = its_cluster and c.stopped and c.scope in ('*', its_namespace) order by c.scope <> '*' limit 1
$$;
--> statement-breakpoint
create function stop_in_words(stop control) returns text language sql immutable as $$
  select format('Emergency stop of %s%s%s', case stop.scope when '*' then 'the whole cluster' else 'namespace ' || stop.scope end,
    ' by ' || stop.changed_by, ': ' || stop.reason)
$$;
--> statement-breakpoint
create function waiting_for_lift(stop control) returns text language sql immutable as $$
  select 'Waits until this is lifted: ' || stop_in_words(stop)
$$;
--> statement-breakpoint
-- Parks a queued one until the stop is lifted. What waits behind it for an object is not held up by it.
create function wait_for_lift(queued execution, stop control) returns void language plpgsql as $$
begin
  update execution e set waits_for = '@stop', message = waiting_for_lift(stop), lease_until = null, holder = null,
    attempts = case when queued.waits_for = '@start' then e.attempts - 1 else e.attempts end
    where e.id = queued.id;
  perform wake_queue(queued.cluster, array(select jsonb_array_elements_text(queued.lock_keys)));
end $$;
--> statement-breakpoint
-- Lets what is stopped no longer wait for its turn again. Under the lock of the controls, or to make sure.
create function lift_stops(its_cluster text) returns void language plpgsql as $$
begin
  update execution e set waits_for = null, message = 'Waits for its turn'
    where e.status = 'queued' and e.cluster = its_cluster and e.waits_for = '@stop'
      and (select s.scope from stop_of(its_cluster, e.namespace) s) is null;
  if found then perform pg_notify('executor_queue', its_cluster); end if;
end $$;
--> statement-breakpoint
-- set_control(cluster, scope, stopped, reason, by): from its commit on nothing of the scope begins, and what is under way is
-- to end; or what waits goes on. Answers the row.
create function set_control(its_cluster text, its_scope text, its_stopped boolean, its_reason text, its_author text) returns control
  language plpgsql set plan_cache_mode = force_generic_plan set enable_seqscan = off as $$
declare
  answer control;
begin
  perform pg_advisory_xact_lock(hashtextextended('stops', 0));
  insert into control (cluster, scope, stopped, reason, changed_by, changed_at)
    values (its_cluster, its_scope, its_stopped, its_reason, its_author, date_trunc('milliseconds', clock_timestamp()))
    on conflict on constraint control_cluster_scope_pk do update set
      stopped = excluded.stopped, reason = excluded.reason, changed_by = excluded.changed_by, changed_at = excluded.changed_at
    returning * into answer;
  if its_stopped then
    -- In the order in which outcomes lock rows. It stands with the run, so that one is ended also where the stop is soon lifted.
    update execution e set cancel_requested_at = answer.changed_at, cancel_code = 'emergency_stop', cancel_reason = stop_in_words(answer),
      message = 'Is being ended: ' || stop_in_words(answer)
      where e.id in (
        select r.id from execution r
        where r.status = 'running' and r.cluster = its_cluster and (its_scope = '*' or r.namespace = its_scope)
          and r.cancel_requested_at is null order by r.id for update);
    perform pg_notify('executor_stops', its_cluster);
  else
    perform lift_stops(its_cluster);
  end if;
  insert into execution_event (at, type, message, data) values (answer.changed_at, 'control.changed',
    case when its_stopped then stop_in_words(answer)
      else format('%s%s%s', case its_scope when '*' then 'The whole cluster' else 'Namespace ' || its_scope end || ' is no longer stopped', ', lifted by ' || its_author, ': ' || its_reason) end,
    jsonb_build_object('cluster', its_cluster, 'scope', its_scope, 'stopped', its_stopped, 'reason', its_reason, 'by', its_author, 'at', answer.changed_at));
  return answer;
end $$;
