-- How far what is changed may reach: the claim counts, because only it sees what every replica does. A request may have
-- radius: {window_ms, per_namespace, per_cluster, nodes, out: [name, ...]} and quotas: [{most, window_ms}, ...]. `nodes` also
-- counts the nodes that are `out` of service already, whoever has taken them out.

-- Null: there is room. A target that is under way or was changed within the window is counted already, and may be changed
-- again. Claims see each other only once they are committed; there are never more of them than slots. So where more room
-- is left than that nobody waits, and nearer to a limit one claim waits for the other's commit, after all other locks.
create function too_wide(request jsonb) returns jsonb language plpgsql as $$
declare
  its_cluster text := request->'row'->>'cluster';
  its_namespace text := request->'row'->>'namespace';
  its_kind text := request->'row'->>'kind';
  its_name text := request->'row'->>'name';
  its_action text := request->'row'->>'action';
  slots integer := (request->>'slots')::integer;
  period interval := make_interval(secs => (request->'radius'->>'window_ms')::float8 / 1000);
  moment timestamptz;
  out_of_service jsonb := coalesce(request->'radius'->'out', '[]');
  near boolean := false;
  here record;
begin
  if request->'radius' is null or not (request->>'run')::boolean then return null; end if;
  -- Mostly it is the same once more, which an index tells: of what is in no namespace, in another way.
  if its_namespace is not null then
    perform from execution e where e.namespace = its_namespace and e.name = its_name and e.action = its_action
      and e.kind = its_kind and e.cluster = its_cluster and not e.dry_run and e.changed
      and e.finished_at is not null and e.finished_at >= clock_timestamp() - period limit 1;
  else
    perform from execution e where e.namespace is null and e.name = its_name and e.action = its_action
      and e.kind = its_kind and e.cluster = its_cluster and not e.dry_run and e.changed
      and e.finished_at is not null and e.finished_at >= clock_timestamp() - period limit 1;
  end if;
  if found then return null; end if;
  for round in 1 .. 2 loop
    moment := clock_timestamp();
    for here in
      with touched as materialized (
        select t.namespace, t.kind, t.name, max(t.at) as at
        from (
          (select e.namespace, e.kind, e.name, e.finished_at as at from execution e
            where e.cluster = its_cluster and e.changed and not e.dry_run and e.finished_at >= moment - period
            order by e.finished_at desc limit 5000)
          union all
          select e.namespace, e.kind, e.name, moment from execution e
            where e.status in ('running', 'unknown') and e.cluster = its_cluster and not e.dry_run
        ) t where t.name is not null group by t.namespace, t.kind, t.name
      )
      select s.scope, s.most, coalesce(x.changed, 0) as changed, x.ages[x.changed - s.most + 1] + period as until,
        coalesce(x.counted, false) as counted
      from (values
        ('namespace', (request->'radius'->>'per_namespace')::integer),
        ('cluster', (request->'radius'->>'per_cluster')::integer),
        ('nodes', (request->'radius'->>'nodes')::integer)
      ) s(scope, most)
      cross join lateral (
        select count(*)::integer as changed, array_agg(t.at order by t.at) as ages,
          bool_or(t.namespace is not distinct from its_namespace and t.kind = its_kind and t.name = its_name) as counted
        from (
          select t.namespace, t.kind, t.name, t.at from touched t
          where case s.scope when 'namespace' then t.namespace = its_namespace
            when 'nodes' then t.kind = 'Node' and not out_of_service ? t.name else true end
          union all
          -- When they come back nobody knows.
          select null, 'Node', o, 'infinity' from jsonb_array_elements_text(out_of_service) o where s.scope = 'nodes'
        ) t
      ) x
      where s.most is not null and (s.scope <> 'namespace' or its_namespace is not null)
    loop
      if here.counted then return null; end if;
      continue when here.changed + slots < here.most;
      near := true;
      if round = 2 and here.changed >= here.most then
        return jsonb_build_object('outcome', 'too_wide', 'scope', here.scope, 'changed', here.changed, 'most', here.most,
          'until', nullif(here.until, 'infinity'));
      end if;
    end loop;
    if not near then return null; end if;
    if round = 1 then perform pg_advisory_xact_lock(hashtextextended('radius:' || its_cluster, 0)); end if;
  end loop;
  return null;
end $$;
--> statement-breakpoint
-- Null: there is room, or no quota. As too_wide, under the same lock, which is waited for only near a limit.
create function over_quota(request jsonb) returns jsonb language plpgsql as $$
declare
  its_cluster text := request->'row'->>'cluster';
  its_namespace text := request->'row'->>'namespace';
  slots integer := (request->>'slots')::integer;
  near boolean := false;
  moment timestamptz;
  period interval;
  ends timestamptz[];
  quota jsonb;
  most integer;
begin
  if request->'quotas' is null or not (request->>'run')::boolean then return null; end if;
  for round in 1 .. 2 loop
    moment := clock_timestamp();
    for quota in select q from jsonb_array_elements(request->'quotas') q loop
      most := (quota->>'most')::integer;
      period := make_interval(secs => (quota->>'window_ms')::float8 / 1000);
      ends := array(
        select t.at from (
          (select e.finished_at as at from execution e
            where e.cluster = its_cluster and e.changed and not e.dry_run and e.finished_at >= moment - period
              and e.namespace is not distinct from its_namespace
            order by e.finished_at desc limit most)
          union all
          select moment from execution e
            where e.status in ('running', 'unknown') and e.cluster = its_cluster and not e.dry_run
              and e.namespace is not distinct from its_namespace
        ) t order by t.at);
      continue when cardinality(ends) + slots < most;
      near := true;
      if round = 2 and cardinality(ends) >= most then
        return jsonb_build_object('outcome', 'over_quota', 'used', cardinality(ends), 'most', most,
          'window_ms', quota->'window_ms', 'until', ends[cardinality(ends) - most + 1] + period);
      end if;
    end loop;
    if not near then return null; end if;
    if round = 1 then perform pg_advisory_xact_lock(hashtextextended('radius:' || its_cluster, 0)); end if;
  end loop;
  return null;
end $$;
