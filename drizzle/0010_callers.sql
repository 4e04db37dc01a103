-- How many requests that ask for an effect a caller has made in the time that counts. Not logged: a crash of the database
-- forgets it, which harms nobody, and counting waits for no disk.
create unlogged table request_rate (
  caller text primary key,
  -- When the first of them came.
  since timestamptz not null,
  requests integer not null
);
--> statement-breakpoint
-- Counts one. Null: it may go on; else from when on the next may come. One row per caller, so that two replicas that count at
-- once wait for each other, and none is lost.
create function count_request(who text, most integer, per_ms float8) returns timestamptz language plpgsql as $$
declare
  moment timestamptz := clock_timestamp();
  per interval := make_interval(secs => per_ms / 1000);
  counted request_rate;
begin
  insert into request_rate as r (caller, since, requests) values (who, moment, 1)
  on conflict (caller) do update set
    since = case when r.since + per <= moment then moment else r.since end,
    requests = case when r.since + per <= moment then 1 else least(r.requests + 1, most + 1) end
  returning r.* into counted;
  if counted.requests <= most then return null; end if;
  return counted.since + per;
end $$;
