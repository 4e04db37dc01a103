-- The audit: what was decided, by whom, and what was done. An entry is written by the commit that it tells of, or that commit
-- fails: a trigger writes one for each event, with the verdicts and changes of its execution as they stand then.
--
-- One chain over all replicas: each entry's hash goes over the entry and the hash before it. An entry gets its place in the
-- chain a moment after its commit (link_audit), because whoever extended the chain in his own commit would hold it until that
-- is on disk, and all commits of all replicas would go one after the other. Nothing is lost by that moment: a chain shows what
-- was done to it only up to a hash that is kept elsewhere. Places have no gaps, because only what is committed gets one.

create function audit_fact(its_type text, its_cluster text, its_namespace text, its_execution text, its_author text, its_data jsonb)
  returns void language sql as $$
  with written as (
    insert into audit_entry (at, type, cluster, namespace, execution_id, by, data)
      values (date_trunc('milliseconds', clock_timestamp()), its_type, its_cluster, its_namespace, its_execution, its_author, its_data)
      returning id
  )
  insert into audit_unlinked select id from written
$$;
--> statement-breakpoint
-- What is told of the changes: no value of any field.
create function audited_changes(changes jsonb) returns jsonb language sql immutable as $$
  select jsonb_agg(jsonb_strip_nulls(jsonb_build_object('kind', c->>'kind', 'status', c->>'status', 'summary', c->>'summary',
    'target', concat_ws('/', c->'target'->>'namespace', c->'target'->>'kind', c->'target'->>'name'), 'uid', c->'target'->>'uid')) order by n)
  from jsonb_array_elements(changes) with ordinality one (c, n)
$$;
--> statement-breakpoint
create function audit_events() returns trigger language plpgsql as $$
begin
  with written as (
    insert into audit_entry (at, type, cluster, namespace, execution_id, by, data)
    select v.at, v.type, coalesce(e.cluster, v.data->>'cluster'), coalesce(e.namespace, nullif(v.data->>'scope', '*')), v.execution_id,
      -- Who has decided, where somebody has; else who has asked.
      case when v.type like 'approval.%' and v.type <> 'approval.requested' then v.data->>'by' else coalesce(e.requested_by, v.data->>'by') end,
      case
        when v.execution_id is null then coalesce(v.data, '{}') || jsonb_build_object('message', v.message)
        when e.id is null or v.type in ('execution.change_applied', 'execution.waiting', 'execution.progress')
          then jsonb_build_object('message', v.message)
        else case when v.type like 'approval.%' then v.data else '{}' end || jsonb_strip_nulls(jsonb_build_object('message', v.message, 'action', e.action, 'kind', e.kind, 'name', e.name,
          'dry_run', e.dry_run, 'status', e.status, 'reason', e.reason, 'correlation_id', e.correlation_id, 'rollback_of', e.rollback_of,
          'resume_of', e.resume_of, 'changed', e.changed, 'error', e.error->>'code', 'verdicts', e.verdicts,
          'changes', audited_changes(e.changes)))
      end
    from told v left join execution e on e.id = v.execution_id order by v.id
    returning id
  )
  insert into audit_unlinked select id from written;
  return null;
end $$;
--> statement-breakpoint
create trigger audit_events after insert on execution_event referencing new table as told
  for each statement execute function audit_events();
--> statement-breakpoint
alter table execution_event enable always trigger audit_events;
--> statement-breakpoint
create function refuse_change() returns trigger language plpgsql as $$
begin
  raise exception 'The audit is append-only: % of % is refused', tg_op, tg_table_name using errcode = 'insufficient_privilege';
end $$;
--> statement-breakpoint
create trigger append_only before update or delete or truncate on audit_entry for each statement execute function refuse_change();
--> statement-breakpoint
create trigger append_only before update or delete or truncate on audit_link for each statement execute function refuse_change();
--> statement-breakpoint
alter table audit_entry enable always trigger append_only;
--> statement-breakpoint
alter table audit_link enable always trigger append_only;
--> statement-breakpoint
-- Roles other than the owner may read and add, whatever they were granted.
create function restrict_audit() returns void language plpgsql as $$
declare
  role text;
begin
  for role in
    select distinct case a.grantee when 0 then 'public' else quote_ident(pg_get_userbyid(a.grantee)) end
    from pg_class c, aclexplode(c.relacl) a
    where c.oid in ('audit_entry'::regclass, 'audit_link'::regclass) and a.grantee <> c.relowner
      and a.privilege_type in ('UPDATE', 'DELETE', 'TRUNCATE') and pg_has_role(c.relowner, 'usage')
  loop
    execute format('revoke update, delete, truncate on audit_entry, audit_link from %s', role);
  end loop;
end $$;
--> statement-breakpoint
select restrict_audit();
--> statement-breakpoint
create function audit_time(moment timestamptz) returns text language sql immutable as $$
  select to_char(moment at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')
$$;
--> statement-breakpoint
-- An entry as it is exported, without its hash.
create function audit_line(e audit_entry, seq bigint, chained_at timestamptz, previous_hash text) returns jsonb language sql immutable as $$
  select jsonb_build_object('seq', seq, 'at', audit_time(e.at), 'chained_at', audit_time(chained_at), 'type', e.type, 'cluster', e.cluster,
    'namespace', e.namespace, 'execution_id', e.execution_id, 'by', e.by, 'data', e.data, 'previous_hash', previous_hash)
$$;
--> statement-breakpoint
-- SHA-256 of PostgreSQL's own text of the line, which is the same for the same JSON: keys by length, then by their bytes.
create function audit_hash(line jsonb) returns text language sql immutable as $$
  select encode(sha256(convert_to(line::text, 'UTF8')), 'hex')
$$;
--> statement-breakpoint
-- link_audit(most, waits): gives entries that have none their place in the chain, as many at the most, in the order in which
-- they were written. Answers {linked, seq, hash} with the head of the chain, or null where another replica is at it (waits: after it).
create function link_audit(most integer, waits boolean) returns jsonb language plpgsql
  set plan_cache_mode = force_generic_plan set enable_seqscan = off as $$
declare
  head audit_link;
  entry audit_entry;
  first bigint;
  ids bigint[] := '{}';
  hashes text[];
begin
  if waits then
    perform pg_advisory_xact_lock(hashtextextended('audit', 0));
  elsif not pg_try_advisory_xact_lock(hashtextextended('audit', 0)) then
    return null;
  end if;
  select * into head from audit_link l order by l.seq desc limit 1;
  first := coalesce(head.seq, 0);
  head.seq := first;
  head.hash := coalesce(head.hash, repeat('0', 64));
  hashes := array[head.hash];
  -- Never backwards, so that a span of time is a piece of the chain.
  head.chained_at := greatest(head.chained_at, date_trunc('milliseconds', clock_timestamp()));
  for entry in
    select e.* from audit_unlinked u join audit_entry e on e.id = u.entry_id order by u.entry_id limit most
  loop
    head.seq := head.seq + 1;
    head.hash := audit_hash(audit_line(entry, head.seq, head.chained_at, head.hash));
    ids := ids || entry.id;
    hashes := hashes || head.hash;
  end loop;
  insert into audit_link (seq, entry_id, chained_at, previous_hash, hash)
    select first + n, id, head.chained_at, hashes[n], hashes[n + 1] from unnest(ids) with ordinality one (id, n);
  delete from audit_unlinked u where u.entry_id = any (ids);
  return jsonb_build_object('linked', cardinality(ids), 'seq', head.seq, 'hash', head.hash);
end $$;
