import type { Fetch } from '../../src/kubernetes/transport.ts';
import type { Service } from './service.ts';

/** What a replica has asked of the API server. */
export interface AskedOfCluster {
  /** Everything, as `GET /api/v1/…`. */
  calls: string[];
  /** What was to change something: no read, no dry run, no question on who somebody is or what they may. */
  writes: string[];
  /** How many such there were, whatever was taken out of that list meanwhile. */
  written(): number;
  /** Hand this in as the replica's `faults`. */
  note: (send: Fetch) => Fetch;
}

const questions = /\/apis\/(authentication|authorization)\.k8s\.io\//;

export function askedOfCluster(): AskedOfCluster {
  const calls: string[] = [];
  const writes: string[] = [];
  let written = 0;
  return {
    calls,
    writes,
    written: () => written,
    note: (send) => async (url, init) => {
      const { pathname, search } = new URL(String(url));
      const method = init?.method ?? 'GET';
      const call = `${method} ${pathname}`;
      calls.push(call);
      const isCommand = pathname.endsWith('/exec');
      const isRead = method === 'GET' && !isCommand;
      if (!isRead && !questions.test(pathname) && !/[?&]dryRun=All/.test(search) && !isDryBody(init?.body)) {
        writes.push(call);
        written += 1;
      }
      return await send(url, init);
    },
  };
}

/** A deletion and an eviction say in their body that they are dry runs. */
function isDryBody(body: unknown): boolean {
  return typeof body === 'string' && /"dryRun":\["All"\]/.test(body);
}

/** Counting requests is no effect, and the places of the chain follow from its entries. */
const beside = ['request_rate', 'audit_entry', 'audit_link', 'audit_unlinked'];

/** Every version of every row that the service's record has, table by table: any change of any shows. */
export async function rowVersions({ sql }: Pick<Service, 'sql'>): Promise<Record<string, string>> {
  const tables = await sql<{ name: string }[]>`
    select tablename as name from pg_tables where schemaname = 'public' and tablename <> all (${beside}) order by 1`;
  const one = (name: string) =>
    `select '${name}' as name, md5(coalesce(string_agg(t.ctid::text || t.xmin::text, ',' order by t.ctid), '')) as version from "${name}" t`;
  const rows = await sql.unsafe<{ name: string; version: string }[]>(
    tables.map(({ name }) => one(name)).join(' union all '),
  );
  return Object.fromEntries(rows.map(({ name, version }) => [name, version]));
}

/** The entry that the audit ends with, and what those behind another tell of. */
export async function auditSince(
  { sql }: Pick<Service, 'sql'>,
  after: number,
): Promise<{ last: number; types: string[] }> {
  const rows = await sql<{ id: string; type: string }[]>`
    select id, type from audit_entry where id > ${after} order by id`;
  return { last: Number(rows.at(-1)?.id ?? after), types: rows.map(({ type }) => type) };
}
