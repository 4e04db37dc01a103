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

/** A part of the history: what has one of these namespaces and one of these actions. A rollback counts as what it undoes. */
export interface HistoryPart {
  namespaces: readonly string[] | '*';
  actions: readonly string[] | '*';
}

export interface HistoryFilter {
  action?: string | undefined;
  namespace?: string | undefined;
  kind?: string | undefined;
  name?: string | undefined;
  status?: ExecutionStatus | undefined;
  correlationId?: string | undefined;
  /** Only what is in one of these parts; left out: everything. */
  within?: readonly HistoryPart[] | undefined;
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

/** The namespaces that the history has executions of: as many looks into its index as there are. */
export async function namespacesOfHistory(database: Database): Promise<string[]> {
  return await database.statement('namespaces_of_history', async (sql) => {
    const rows = await sql<{ namespace: string }[]>`
      with recursive found (namespace) as (
        (select namespace from execution where namespace is not null order by namespace limit 1)
        union all
        select (select e.namespace from execution e where e.namespace > f.namespace order by e.namespace limit 1)
        from found f where f.namespace is not null
      )
      select namespace from found where namespace is not null limit 10000`;
    return rows.map(({ namespace }) => namespace);
  });
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
  const { action, namespace, kind, name, status, correlationId, since, until, within } = filter;
  return [
    ...conditionsOfParts(within, namespace),
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

/** Of an execution that is in one of these parts; of any, where one of them is everything. */
export function conditionsOfParts(within: readonly HistoryPart[] | undefined, namespace?: string): SQL[] {
  return within === undefined || within.some(isEverything) ? [] : [anyPart(within, namespace)];
}

function isEverything({ namespaces, actions }: HistoryPart): boolean {
  return namespaces === '*' && actions === '*';
}

function anyPart(parts: readonly HistoryPart[], namespace: string | undefined): SQL {
  const some = parts.flatMap((part) => inPart(part, namespace) ?? []);
  return some.length === 0 ? sql`false` : sql`(${sql.join(some, sql` or `)})`;
}

/** Undefined for a part that nothing of that namespace is in. */
function inPart({ namespaces, actions }: HistoryPart, namespace: string | undefined): SQL | undefined {
  // What is asked for already needs no second condition, which an index would not answer.
  const isAsked = namespace !== undefined && namespaces !== '*';
  if (isAsked && !namespaces.includes(namespace)) return undefined;
  const there = namespaces === '*' || isAsked ? sql`true` : oneOf(sql`${execution.namespace}`, namespaces);
  if (actions === '*') return there;
  const undone = sql`(select o.action from execution o where o.id = ${execution.rollbackOf})`;
  return sql`(${there} and ${oneOf(sql`coalesce(${undone}, ${execution.action})`, actions)})`;
}

function oneOf(value: SQL, texts: readonly string[]): SQL {
  return sql`${value} = any (array(select jsonb_array_elements_text(${JSON.stringify(texts)}::jsonb)))`;
}

/** As one comparison of both, which the index answers exactly. */
function behind({ createdAt, id }: HistoryPosition): SQL {
  return sql`(${execution.createdAt}, ${execution.id}) < (${createdAt.toISOString()}::timestamptz, ${id})`;
}
