import type { JsonObject } from '../json.ts';
import type { Database } from './connect.ts';

/** The last entry of the chain: whoever keeps it elsewhere can prove later what stood there up to here. */
export interface AuditHead {
  /** 0: there is no entry yet. */
  seq: number;
  hash: string;
}

/** Entries that get their place in one statement: some 30 ms. */
const mostLinked = 1_000;

/**
 * Gives entries that were committed their place in the chain (drizzle/0009_audit.sql): one batch, and whether there may be
 * more. Undefined: another replica is at it; with `waits` it is waited for. Safe to repeat, and from several replicas at once.
 */
export async function linkAudit(
  database: Database,
  { waits }: { waits: boolean },
): Promise<{ head: AuditHead; more: boolean } | undefined> {
  return await database.statement('link_audit', async (sql) => {
    const [row] = await sql<{ answer: (AuditHead & { linked: number }) | null }[]>`
      select link_audit(${mostLinked}, ${waits}) as answer`;
    if (!row?.answer) return undefined;
    const { seq, hash, linked } = row.answer;
    return { head: { seq, hash }, more: linked === mostLinked };
  });
}

/** Something that was decided of which no row tells, such as a denial; committed, or thrown. */
export interface AuditFact {
  type: string;
  cluster: string;
  namespace: string | undefined;
  executionId: string;
  by: string | undefined;
  data: JsonObject;
}

export async function tellAudit(database: Database, fact: AuditFact): Promise<void> {
  const { type, cluster, namespace = null, executionId, by = null, data } = fact;
  await database.statement('tell_audit', async (sql) => {
    await sql`
      select audit_fact(${type}, ${cluster}, ${namespace}, ${executionId}, ${by}, ${JSON.stringify(data)}::jsonb)`;
  });
}

/** A piece of the chain, both ends included. */
export interface AuditSpan {
  first: number;
  last: number;
}

/** The piece that was chained from `since` to before `until`; without them all. It has no gaps; empty: last < first. */
export async function auditSpan(
  database: Database,
  { since, until }: { since?: Date | undefined; until?: Date | undefined },
): Promise<AuditSpan> {
  const [from, to] = [since?.toISOString() ?? null, until?.toISOString() ?? null];
  return await database.statement('audit_span', async (sql) => {
    const [row] = await sql<{ first: string | null; last: string | null }[]>`
      select
        case when ${from}::timestamptz is null then (select min(seq) from audit_link)
          else (select seq from audit_link where chained_at >= ${from}::timestamptz order by chained_at, seq limit 1) end as first,
        case when ${to}::timestamptz is null then (select max(seq) from audit_link)
          else (select seq from audit_link where chained_at < ${to}::timestamptz order by chained_at desc, seq desc limit 1) end as last`;
    return row?.first && row.last ? { first: Number(row.first), last: Number(row.last) } : { first: 1, last: 0 };
  });
}

/** The lines of a piece of the chain, in its order, as they are exported: canonical JSON, as the hashes go over it. */
export async function auditLines(database: Database, { first, last }: AuditSpan): Promise<string[]> {
  return await database.statement('audit_lines', async (sql) => {
    const rows = await sql<{ line: string }[]>`
      select (audit_line(e, l.seq, l.chained_at, l.previous_hash) || jsonb_build_object('hash', l.hash))::text as line
      from audit_link l join audit_entry e on e.id = l.entry_id
      where l.seq between ${first} and ${last} order by l.seq`;
    return rows.map(({ line }) => line);
  });
}

/** What stands beside the chain, which nothing but meddling brings about; and how many entries wait for their place. */
export async function auditStrays(
  database: Database,
): Promise<{ unchained: number[]; emptyLinks: number[]; waiting: number }> {
  return await database.statement('audit_strays', async (sql) => {
    const [row] = await sql<{ unchained: number[]; empty: number[]; waiting: number }[]>`
      select
        (select coalesce(jsonb_agg(e.id order by e.id), '[]') from audit_entry e
          where not exists (select from audit_link l where l.entry_id = e.id)
            and not exists (select from audit_unlinked u where u.entry_id = e.id)) as unchained,
        (select coalesce(jsonb_agg(l.seq order by l.seq), '[]') from audit_link l
          where not exists (select from audit_entry e where e.id = l.entry_id)) as empty,
        (select count(*)::int from audit_unlinked) as waiting`;
    return { unchained: row?.unchained ?? [], emptyLinks: row?.empty ?? [], waiting: row?.waiting ?? 0 };
  });
}
