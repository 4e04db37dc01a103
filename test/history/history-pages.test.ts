import { drizzle } from 'drizzle-orm/postgres-js';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { generateHistory } from '../../bench/generate-history.ts';
import { connectDatabase } from '../../src/database/connect.ts';
import type { Execution } from '../../src/database/execution-row.ts';
import { type HistoryFilter, listExecutions, pageQuery } from '../../src/database/executions.ts';
import { failuresOf } from '../../src/database/failures.ts';
import { oscillationOf } from '../../src/database/oscillation.ts';
import { type Service, startService } from '../support/service.ts';

let service: Service;

const count = 60_000;
const limit = 51;
const hour = 60 * 60 * 1000;

beforeAll(async () => {
  service = await startService();
  await generateHistory(service.sql, { count, days: 80 });
  // A few that are not over, as there are at any time.
  await service.sql`update execution set status = 'running', finished_at = null, lease_until = now() + interval '1 day'
    where id in ('generated-50000', 'generated-50002', 'generated-59999')`;
}, 120_000);

afterAll(async () => {
  await service.close();
});

/** The part of a plan that is looked at: rows are those of one loop. */
interface PlanNode {
  'Node Type': string;
  'Actual Rows': number;
  'Actual Loops': number;
  'Rows Removed by Filter'?: number;
  'Shared Hit Blocks': number;
  'Shared Read Blocks': number;
  Plans?: PlanNode[];
}

const nodesOf = (node: PlanNode): PlanNode[] => [node, ...(node.Plans ?? []).flatMap(nodesOf)];

/** How PostgreSQL carries out the very statement that the page is read by. */
async function explained(filter: HistoryFilter, after?: { createdAt: Date; id: string }) {
  const { sql, params } = pageQuery(drizzle.mock(), { filter, after, limit }).toSQL();
  const text = `explain (analyze, buffers, format json) ${sql}`;
  const [row] = await service.sql.unsafe<{ 'QUERY PLAN': [{ Plan: PlanNode }] }[]>(text, params.map(String));
  if (!row) throw new Error('There is no plan');
  const [{ Plan: plan }] = row['QUERY PLAN'];
  const nodes = nodesOf(plan);
  const scans = nodes.filter((node) => node['Node Type'].includes('Scan'));
  const rowsOf = (node: PlanNode) =>
    (node['Actual Rows'] + (node['Rows Removed by Filter'] ?? 0)) * node['Actual Loops'];
  return {
    kinds: nodes.map((node) => node['Node Type']),
    rowsRead: scans.reduce((sum, node) => sum + rowsOf(node), 0),
    pages: plan['Shared Hit Blocks'] + plan['Shared Read Blocks'],
    found: plan['Actual Rows'],
  };
}

const since = new Date(Date.now() - 2 * hour);
const lastMonth = new Date(Date.now() - 30 * 24 * hour);

const filters: [string, HistoryFilter][] = [
  ['nothing', {}],
  ['a common action', { action: 'scale_deployment' }],
  ['a rare action', { action: 'expand_pvc' }],
  ['an action that there is not', { action: 'nothing' }],
  ['a common namespace', { namespace: 'production' }],
  ['a rare namespace', { namespace: 'rare' }],
  ['a common kind', { kind: 'Deployment' }],
  ['a rare kind', { kind: 'PersistentVolumeClaim' }],
  ['a kind that there is not', { kind: 'CronJob' }],
  ['a name', { name: 'web-300' }],
  ['a rare name', { name: 'rare' }],
  ['completed', { status: 'completed' }],
  ['failed', { status: 'failed' }],
  ['timed out', { status: 'timed_out' }],
  ['cancelled', { status: 'cancelled' }],
  ['rolled back', { status: 'rolled_back' }],
  ['refused', { status: 'refused' }],
  ['queued', { status: 'queued' }],
  ['running', { status: 'running' }],
  ['unknown', { status: 'unknown' }],
  ['a correlation', { correlationId: 'incident-777' }],
  ['since', { since }],
  ['until', { until: lastMonth }],
  ['a window', { since: new Date(lastMonth.getTime() - hour), until: lastMonth }],
  ['a namespace and a name', { namespace: 'production', name: 'web-300' }],
  ['a whole target', { namespace: 'production', kind: 'Deployment', name: 'web-300' }],
  ['a node', { kind: 'Node', name: 'node-8' }],
  ['a namespace and an action', { namespace: 'production', action: 'scale_deployment' }],
  ['a namespace and a status', { namespace: 'production', status: 'failed' }],
  ['an action and a status', { action: 'restart_deployment', status: 'failed' }],
  ['a rare action and a status', { action: 'expand_pvc', status: 'completed' }],
  ['failed since', { status: 'failed', since }],
  ['a correlation and a status', { correlationId: 'incident-777', status: 'completed' }],
  ['an action until', { action: 'scale_deployment', until: lastMonth }],
];

describe(`of ${count.toLocaleString('en')} executions, the newest page`, () => {
  test.each(filters)('by %s is read by index, and little more than the page', async (_what, filter) => {
    const { kinds, rowsRead, pages } = await explained(filter);

    expect(kinds).not.toContain('Seq Scan');
    // The page's rows, each with a look for its undo; where two filters meet some more.
    expect(rowsRead).toBeLessThanOrEqual(2_000);
    expect(pages).toBeLessThanOrEqual(2_500);
  });

  test.each(filters)('by %s: a page far behind it is read by index, too', async (_what, filter) => {
    const far = { createdAt: new Date(Date.now() - 60 * 24 * hour), id: 'generated-50000' };
    const behind = await explained(filter, far);

    expect(behind.kinds).not.toContain('Seq Scan');
    expect(behind.rowsRead).toBeLessThanOrEqual(2_000);
  });

  test('holds what a look at all of them finds, in the same order', async () => {
    const all = await service.sql<Row[]>`
      select id, action, namespace, kind, name, status, correlation_id as "correlationId", created_at as "createdAt"
      from execution`;
    const newestFirst = all.toSorted((a, b) => b.createdAt.getTime() - a.createdAt.getTime() || (a.id < b.id ? 1 : -1));

    for (const [what, filter] of filters) {
      const { rows } = await listExecutions(service.runtime.executor.database, { filter, limit });

      const expected = newestFirst.filter((row) => passes(row, filter)).slice(0, limit);
      expect({ what, ids: rows.map(({ id }) => id) }).toEqual({ what, ids: expected.map(({ id }) => id) });
    }
  });
});

test('what came of actions on one target is read by index, a few of its rows', async () => {
  const { databaseUrl, sql } = service;
  // Another than that of the service: one connection, so that it is known when its figures are in.
  const database = connectDatabase({ url: databaseUrl, pool: 1, pooled: false });
  const figures = async () => {
    await database.statement('flush', (own) => own`select pg_stat_force_next_flush()`);
    const [row] = await sql<{ scans: number; rows: number; whole: number }[]>`
      select i.idx_scan::int as scans, i.idx_tup_read::int as rows, t.seq_scan::int as whole
      from pg_stat_user_indexes i join pg_stat_user_tables t using (relid) where i.indexrelname = 'execution_outcomes'`;
    if (!row) throw new Error('There are no figures');
    return row;
  };
  const [used] = await sql<{ namespace: string; name: string }[]>`
    select namespace, name from execution where action = 'scale_deployment' group by 1, 2 order by count(*) desc limit 1`;
  if (!used) throw new Error('There is no target');
  const target = { cluster: 'generated', kind: 'Deployment', ...used };
  try {
    const before = await figures();
    // Also with the plan that PostgreSQL keeps after a few times.
    for (let turn = 0; turn < 10; turn += 1) {
      const scaled = {
        target,
        windowMs: 90 * 24 * hour,
        scalings: ['scale_deployment'],
        restarts: ['scale_deployment'],
      };
      const { restarts } = await oscillationOf(database, scaled);
      expect(restarts.length).toBeGreaterThan(10);
      expect(await failuresOf(database, { target, action: 'scale_deployment' })).toMatchObject({ count: 0 });
    }
    const after = await figures();

    expect(after.whole - before.whole).toBe(0);
    // The scalings, the restarts and the rollbacks; the failures.
    expect(after.scans - before.scans).toBe(10 * (3 + 1));
    expect(after.rows - before.rows).toBeLessThan(10 * 2 * 1_000);
  } finally {
    await database.close();
  }
});

type Row = Pick<Execution, 'id' | 'action' | 'namespace' | 'kind' | 'name' | 'status' | 'correlationId' | 'createdAt'>;

function passes({ createdAt, ...row }: Row, { since: from, until, ...wanted }: HistoryFilter): boolean {
  const equal = Object.entries(wanted).every(([key, value]) =>
    Object.entries(row).some(([k, v]) => k === key && v === value),
  );
  return equal && (!from || createdAt >= from) && (!until || createdAt < until);
}
