import { and, desc, eq, gte, lt, or, sql, type SQL } from 'drizzle-orm';
import type { PostgresJsDatabase } from 'drizzle-orm/postgres-js';
import type { NewEvent } from './claim.ts';
import type { Database } from './connect.ts';
import { type Execution, executionColumns } from './execution-row.ts';
import type { ExecutionStatus } from './execution-status.ts';
import { execution } from './schema.ts';

/** The execution of that id, or undefined. */
export async function findExecution(database: Database, id: string): Promise<Execution | undefined> {
  const [row] = await database.query('find_execution', (db) =>
    db.select(executionColumns).from(execution).where(eq(execution.id, id)).limit(1),
  );
  return row;
}

/**
 * The execution that a request with that key or id has begun, or undefined. An id is its execution's for as long as that
 * is kept; a key counts for so long after the end, by the database's clock, as in earlier_execution (drizzle/0004_queue.sql).
 */
export async function findByKey(
  database: Database,
  { key, id, idempotencyMs }: { key?: string | undefined; id?: string | undefined; idempotencyMs: number },
): Promise<Execution | undefined> {
  const counts = sql`(${execution.finishedAt} is null or
    ${execution.finishedAt} >= clock_timestamp() - make_interval(secs => ${idempotencyMs / 1000}))`;
  const asked = [
    ...(key ? [and(eq(execution.idempotencyKey, key), counts)] : []),
    ...(id ? [eq(execution.id, id)] : []),
  ];
  if (asked.length === 0) return undefined;
  const [row] = await database.query('find_by_key', (db) =>
    db
      .select(executionColumns)
      .from(execution)
      .where(or(...asked))
      // Where key and id lead to two, the id's comes first.
      .orderBy(desc(sql`${execution.id} is not distinct from ${id ?? null}`))
      .limit(1),
  );
  return row;
}

/** Adds an event to what is told of an execution that is kept still. */
export async function tellOf(database: Database, id: string, { type, message }: NewEvent): Promise<void> {
  await database.statement('tell_of', async (sql) => {
    // Its row is held meanwhile, so that no event outlives an execution that is let go of in this moment.
    await sql`
      insert into execution_event (execution_id, type, message)
      select id, ${type}, ${message} from execution where id = ${id} for key share`;
  });
}

export interface HistoryFilter {
  action?: string | undefined;
  namespace?: string | undefined;
  kind?: string | undefined;
  name?: string | undefined;
  status?: ExecutionStatus | undefined;
  correlationId?: string | undefined;
  /** Created at or after. */
  since?: Date | undefined;
  /** Created before. */
  until?: Date | undefined;
}

/** Where a page ends: the next begins behind it. */
export interface HistoryPosition {
  createdAt: Date;
  id: string;
}

export interface HistoryPage {
  filter: HistoryFilter;
  after?: HistoryPosition | undefined;
  limit: number;
}

/** One page of the history, newest first, and where the next begins (undefined on the last page). */
export async function listExecutions(
  database: Database,
  page: HistoryPage,
): Promise<{ rows: Execution[]; next: HistoryPosition | undefined }> {
  const found = await database.query('list_executions', (db) => pageQuery(db, { ...page, limit: page.limit + 1 }));
  const rows = found.slice(0, page.limit);
  const last = rows.at(-1);
  return { rows, next: found.length > page.limit && last ? { createdAt: last.createdAt, id: last.id } : undefined };
}

/** There is an index for each filter, in this order: what is read is little more than the page, however long the history. */
export function pageQuery(db: PostgresJsDatabase, { filter, after, limit }: HistoryPage) {
  return db
    .select(executionColumns)
    .from(execution)
    .where(and(...conditions(filter), after ? behind(after) : undefined))
    .orderBy(desc(execution.createdAt), desc(execution.id))
    .limit(limit);
}

function conditions(filter: HistoryFilter): SQL[] {
  const { action, namespace, kind, name, status, correlationId, since, until } = filter;
  return [
    ...(action === undefined ? [] : [eq(execution.action, action)]),
    ...(namespace === undefined ? [] : [eq(execution.namespace, namespace)]),
    ...(kind === undefined ? [] : [eq(execution.kind, kind)]),
    ...(name === undefined ? [] : [eq(execution.name, name)]),
    ...(status === undefined ? [] : [eq(execution.status, status)]),
    ...(correlationId === undefined ? [] : [eq(execution.correlationId, correlationId)]),
    ...(since === undefined ? [] : [gte(execution.createdAt, since)]),
    ...(until === undefined ? [] : [lt(execution.createdAt, until)]),
  ];
}

/** As one comparison of both, which the index answers exactly. */
function behind({ createdAt, id }: HistoryPosition): SQL {
  return sql`(${execution.createdAt}, ${execution.id}) < (${createdAt.toISOString()}::timestamptz, ${id})`;
}
