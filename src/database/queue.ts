import { getTableColumns, sql as expression } from 'drizzle-orm';
import type { Json, JsonObject } from '../json.ts';
import type { ClaimAnswer } from './claim-answer.ts';
import type { NewExecution } from './claim.ts';
import { columnsOf } from './columns-of.ts';
import type { Database } from './connect.ts';
import type { Execution } from './execution-row.ts';
import { findExecution } from './executions.ts';
import { execution } from './schema.ts';

/** A queued execution as it was taken: for as long as the lease lasts, no other replica looks at it. */
export type Taken = Execution & { fence: number };

export interface EnqueueRequest {
  row: NewExecution;
  /** Not to be started before; undefined: as soon as its turn comes. */
  notBefore: Date | undefined;
  /** Keys of the objects that it will hold, as far as that is known. */
  locks: string[];
  /** What must have cooled down by then; undefined: nothing has to. */
  cooldownKey: string | undefined;
  idempotencyMs: number;
  /** This replica has room: it takes it at once, where nothing stands in its way nor waits before it. */
  take?: Pick<Take, 'holder' | 'leaseMs' | 'slots'> | undefined;
}

/** Times are the database's. With a fencing number it is taken already, as by `takeDue`. */
export type EnqueueAnswer =
  | { outcome: 'queued'; createdAt: Date; dueAt: Date; waitsFor: string | null; message: string; fence: number | null }
  | Extract<ClaimAnswer, { outcome: 'duplicate' | 'undone' | 'cooling' }>;

/**
 * Writes what is to run later, in one commit that it may share with what arrives together, and tells the replicas.
 * Not safe to repeat blindly: a second sending of the same row is its own `duplicate`.
 */
export async function enqueue(database: Database, request: EnqueueRequest): Promise<EnqueueAnswer> {
  const { row, notBefore, locks, cooldownKey, idempotencyMs, take } = request;
  const payload: JsonObject = {
    row: { ...columnsOf(row), ...(notBefore ? { not_before: notBefore.toISOString() } : {}) },
    locks,
    ...(cooldownKey === undefined ? {} : { cooldown_key: cooldownKey }),
    idempotency_ms: idempotencyMs,
    ...(take ? { take: { holder: take.holder, lease_ms: take.leaseMs, slots: take.slots } } : {}),
  };
  const answer = await database.together<RawAnswer>('enqueue_execution', 'enqueue_executions', payload);
  switch (answer.outcome) {
    case 'queued':
      return {
        outcome: 'queued',
        createdAt: new Date(answer.created_at),
        dueAt: new Date(answer.due_at),
        waitsFor: answer.waits_for,
        message: answer.message,
        fence: answer.fence,
      };
    case 'duplicate':
      return { outcome: 'duplicate', id: answer.id, requestHash: answer.request_hash };
    case 'cooling':
      return { outcome: 'cooling', until: new Date(answer.until), by: answer.by };
    case 'undone':
      return answer;
  }
}

/** What the SQL function answers. */
type RawAnswer =
  | {
      outcome: 'queued';
      created_at: string;
      due_at: string;
      waits_for: string | null;
      message: string;
      fence: number | null;
    }
  | { outcome: 'duplicate'; id: string; request_hash: string | null }
  | { outcome: 'cooling'; until: string; by: string }
  | { outcome: 'undone'; by: string | null };

export interface Take {
  cluster: string;
  holder: string;
  leaseMs: number;
  /** As many at the most; fewer where fewer slots are free. */
  most: number;
  /** The global limit. */
  slots: number;
  /** Only dry runs. */
  dryOnly: boolean;
}

/**
 * Takes queued executions that are due, to plan them: what has waited for half a minute before everything younger, then by
 * priority and age. They stay `queued` until their claim, so that they can still be cancelled, and so that those whose
 * replica dies meanwhile are taken again. Two replicas never take the same one.
 */
export async function takeDue(
  database: Database,
  { cluster, holder, leaseMs, most, slots, dryOnly }: Take,
): Promise<Taken[]> {
  const due = expression`take_due(${cluster}, ${holder}, ${leaseMs}::float8, ${most}::integer, ${slots}::integer, ${dryOnly}::boolean)`;
  const rows = await database.query('take_due', (db) =>
    db.select(takenColumns).from(expression`${due} as "execution"`),
  );
  return asTaken(rows);
}

/** Drizzle reads columns only of tables that it knows; what a function gives it takes as expressions. */
const takenColumns = Object.fromEntries(
  Object.entries(getTableColumns(execution)).map(([name, column]) => [name, expression`${column}`.mapWith(column)]),
);

/** The columns are those of the table, and what is taken has a fencing number. */
function asTaken(rows: readonly object[]): Taken[] {
  return rows.map((row) => ({ ...row, scheduledUndo: null })) as unknown as Taken[];
}

/** Puts what was taken back into the queue, not to be taken again before that time. False: it is in other hands. */
export async function putBack(
  database: Database,
  { id, fence }: { id: string; fence: number },
  { afterMs, message }: { afterMs: number; message: string },
): Promise<boolean> {
  return await database.statement('put_back', async (sql) => {
    const [row] = await sql<{ done: boolean }[]>`
      select put_back(${id}, ${fence}, ${afterMs}::float8, ${message}) as done`;
    return row?.done ?? false;
  });
}

/**
 * Ends a queued execution without starting it, and gives its row; undefined: it is queued no longer. With a fencing
 * number only what was taken under it is ended; without one also what another replica is planning.
 */
export async function endQueued(
  database: Database,
  { id, fence }: { id: string; fence?: number },
  { status, message, error = null }: { status: 'cancelled' | 'refused'; message: string; error?: Json },
): Promise<Execution | undefined> {
  const ended = await database.statement('end_queued', async (sql) => {
    const problem = error === null ? null : JSON.stringify(error);
    const [row] = await sql<{ done: boolean }[]>`
      select end_queued(${id}, ${fence ?? null}::bigint, ${status}, ${message}, ${problem}::jsonb) as done`;
    return row?.done ?? false;
  });
  return ended ? await findExecution(database, id) : undefined;
}

/** Gives a run that has begun back to the queue, with all that it held. False: it is another replica's now. */
export async function requeue(
  database: Database,
  { id, fence }: { id: string; fence: number },
  { afterMs, message }: { afterMs: number; message: string },
): Promise<boolean> {
  return await database.statement('requeue_execution', async (sql) => {
    const [row] = await sql<{ requeued: boolean }[]>`
      select requeue_execution(${id}, ${fence}, ${JSON.stringify({ after_ms: afterMs, message })}::jsonb) as requeued`;
    return row?.requeued ?? false;
  });
}

/** Makes ready what waits for an object that nobody holds, should a release ever have missed it. Safe to repeat. */
export async function sweepQueue(database: Database, cluster: string): Promise<void> {
  await database.statement('sweep_queue', async (sql) => {
    await sql`select sweep_queue(${cluster})`;
  });
}

/**
 * The database's time, and how long it is until something has to be done: until what is scheduled is due, what was taken
 * is free again, or a silent run may be taken over. Undefined: nothing is foreseen.
 */
export async function nextDue(database: Database, cluster: string): Promise<{ now: Date; inMs: number | undefined }> {
  return await database.statement('next_due', async (sql) => {
    const [row] = await sql<{ now: string; ms: number | null }[]>`
      select clock_timestamp() as now, next_due_ms(${cluster}) as ms`;
    if (!row) throw new Error('PostgreSQL gave no time');
    return { now: new Date(row.now), inMs: row.ms ?? undefined };
  });
}

/** How long it is until the next undo is due that undoes something done later to the same object. */
export async function untilLaterUndoMs(database: Database, { id }: Pick<Execution, 'id'>): Promise<number | undefined> {
  return await database.statement('later_undo', async (sql) => {
    const [row] = await sql<{ ms: number | null }[]>`
      select (extract(epoch from min(l.not_before) - clock_timestamp()) * 1000)::float8 as ms from execution e join execution l
        on l.status = 'queued' and l.rollback_of is not null and l.created_at > e.created_at
        and (l.cluster, l.namespace, l.kind, l.name) is not distinct from (e.cluster, e.namespace, e.kind, e.name)
      where e.id = ${id}`;
    const ms = row?.ms ?? undefined;
    return ms === undefined ? undefined : Math.max(ms, 0);
  });
}
