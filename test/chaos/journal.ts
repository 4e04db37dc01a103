import postgres, { type Sql } from 'postgres';

/** A step of an execution's status, as a trigger wrote it in the commit that made it. */
export interface StatusStep {
  n: number;
  id: string;
  was: string | null;
  becomes: string | null;
  fence: number | null;
  at: Date;
  holder: string | null;
  /** Until when the one before had it. */
  leaseUntil: Date | null;
  /** Of a terminal row: what was changed of it, beside its status. */
  fields: string[];
  changes: RecordedChange[];
}

export interface RecordedChange {
  kind: string;
  status: string;
  summary: string;
  target: { kind: string; namespace?: string; name: string; uid?: string };
  before?: Record<string, unknown> | null;
  after?: Record<string, unknown> | null;
}

export interface LockStep {
  n: number;
  key: string;
  id: string;
  held: boolean;
  at: Date;
}

/**
 * Writes down, by triggers of its own, each step of each execution's status and each taking and letting go of a target:
 * what an observer who looks now and then might miss.
 */
export async function installJournal(url: string): Promise<void> {
  const sql = postgres(url, { max: 1, onnotice: () => undefined });
  await sql.unsafe(`
    create schema chaos;
    create table chaos.status_step (n bigserial primary key, id text, was text, becomes text, fence bigint,
      at timestamptz default clock_timestamp(), holder text, lease_until timestamptz, fields jsonb, changes jsonb);
    create table chaos.lock_step (n bigserial primary key, key text, id text, held boolean, at timestamptz default clock_timestamp());
    create function chaos.note_status() returns trigger language plpgsql as $$
    declare
      moved jsonb := '[]';
    begin
      if tg_op = 'DELETE' then
        insert into chaos.status_step (id, was, becomes, fence, holder, fields, changes)
          values (old.id, old.status, null, old.fence, old.holder, '[]', old.changes);
        return old;
      end if;
      if tg_op = 'UPDATE' and old.finished_at is not null then
        select coalesce(jsonb_agg(o.key), '[]') into moved from jsonb_each(to_jsonb(old)) o join jsonb_each(to_jsonb(new)) n on n.key = o.key
          where o.value is distinct from n.value;
      end if;
      if tg_op = 'INSERT' or old.status is distinct from new.status or moved <> '[]' then
        insert into chaos.status_step (id, was, becomes, fence, holder, lease_until, fields, changes)
          values (new.id, case when tg_op = 'UPDATE' then old.status end, new.status, new.fence, new.holder,
            case when tg_op = 'UPDATE' then old.lease_until end, moved, new.changes);
      end if;
      return new;
    end $$;
    create trigger chaos_status after insert or update or delete on execution for each row execute function chaos.note_status();
    create function chaos.note_lock() returns trigger language plpgsql as $$
    begin
      if tg_op <> 'INSERT' then insert into chaos.lock_step (key, id, held) values (old.key, old.execution_id, false); end if;
      if tg_op <> 'DELETE' then insert into chaos.lock_step (key, id, held) values (new.key, new.execution_id, true); end if;
      return null;
    end $$;
    create trigger chaos_lock after insert or update or delete on target_lock for each row execute function chaos.note_lock();
  `);
  await sql.end();
}

export interface Journal {
  steps: StatusStep[];
  locks: LockStep[];
  runs: Run[];
}

/** The time in which an execution might change something: from its claim to its end, or until it went back into the queue. */
export interface Run {
  id: string;
  beganAt: number;
  /** Absent: it has not ended. */
  endedAt?: number;
  changes: RecordedChange[];
  endedAs: string | null;
}

export async function readJournal(sql: Sql): Promise<Journal> {
  const steps = await sql<
    StatusStep[]
  >`select n::int, id, was, becomes, fence::int, at, holder, lease_until as "leaseUntil", fields, changes
    from chaos.status_step order by n`;
  const locks = await sql<LockStep[]>`select n::int, key, id, held, at from chaos.lock_step order by n`;
  return { steps: [...steps], locks: [...locks], runs: runsOf(steps) };
}

function runsOf(steps: readonly StatusStep[]): Run[] {
  const open = new Map<string, Run>();
  const runs: Run[] = [];
  for (const { id, was, becomes, at, changes } of steps) {
    if (becomes === 'running' && was !== 'running') {
      const run: Run = { id, beganAt: at.getTime(), changes, endedAs: null };
      open.set(id, run);
      runs.push(run);
    }
    const run = open.get(id);
    if (!run || becomes === 'running' || becomes === 'unknown') continue;
    run.endedAt = at.getTime();
    run.changes = changes;
    run.endedAs = becomes;
    open.delete(id);
  }
  return runs;
}
