import type { Json, JsonObject } from '../json.ts';
import { type ClaimAnswer, parsedAnswer, type RawAnswer } from './claim-answer.ts';
import { columnsOf } from './columns-of.ts';
import type { Database } from './connect.ts';
import type { Execution } from './execution-row.ts';

export interface NewEvent {
  type: string;
  message: string;
  data?: Json;
}

/** How many executions may change something in the target's namespace within the window, this one among them. */
export interface NamespaceQuota {
  most: number;
  windowMs: number;
}

export interface Cooldown {
  /** The target and the class of the action. */
  key: string;
  periodMs: number;
}

export interface ClaimRequest {
  /** True: hold the target and a slot, and run. False: only write the row, which is over already. */
  run: boolean;
  row: NewExecution;
  event: NewEvent;
  /** Keys of the objects that must not be held by another execution. */
  locks: string[];
  /** Absent: nothing cools down. */
  cooldown?: Cooldown;
  /** The global limit. */
  slots: number;
  leaseMs: number;
  /** For how long a key counts after the end of its execution. */
  idempotencyMs: number;
  /** The row stands in the queue already, taken from there under that number (take-due). */
  queuedFence?: number | undefined;
  /** Whoever waits for their turn goes first: `full` while somebody does. */
  polite?: boolean | undefined;
  /** `performance.now()` before the reading that it was planned from: `outdated` where another execution has changed its objects since. */
  readAtMs?: number | undefined;
  /** Keys of objects that must still be as they were read then. */
  relies?: string[] | undefined;
  /** How many different targets may have been changed within the window, this one among them. */
  radius?: { windowMs: number; perNamespace: number; perCluster: number; nodes?: number; out?: string[] } | undefined;
  quotas?: NamespaceQuota[] | undefined;
}

/** A row as the claim writes it; times and the fencing number are the database's. */
export type NewExecution = Omit<
  Execution,
  | 'fence'
  | 'leaseUntil'
  | 'createdAt'
  | 'startedAt'
  | 'deadline'
  | 'finishedAt'
  | 'rolledBackBy'
  | 'cancelRequestedAt'
  | 'cancelReason'
  | 'cancelCode'
  | 'settled'
  | 'error'
  | 'notBefore'
  | 'attempts'
  | 'scheduledUndo'
  | 'dueAt'
  | 'waitsFor'
  | 'lockKeys'
  | 'acknowledgedAt'
  | 'acknowledgedBy'
  | 'acknowledgeReason'
  | 'approvalId'
  | 'approvedHash'
  | 'approvedBy'
> & { error?: Json; approvalId?: string | null; approvedBy?: string | null };

/** PostgreSQL knows how old a reading was when the claim was sent, not how long that was on its way. */
const mostOnTheWayMs = 50;

/**
 * Admits an execution, or says what stands against it: one commit, shared with what arrives together
 * (drizzle/0006_admission.sql).
 * A second sending of the same row is its own `duplicate`: see `findClaim`.
 */
export async function claim(database: Database, request: ClaimRequest): Promise<ClaimAnswer> {
  const sentAtMs = performance.now();
  const { readAtMs, relies = [] } = request;
  const readMs = readAtMs === undefined ? undefined : sentAtMs - readAtMs;
  const payload: JsonObject = {
    run: request.run,
    row: columnsOf(request.row),
    event: { ...request.event },
    locks: request.locks,
    slots: request.slots,
    lease_ms: request.leaseMs,
    idempotency_ms: request.idempotencyMs,
    ...(request.queuedFence === undefined ? {} : { queued_fence: request.queuedFence }),
    ...(request.polite ? { polite: true } : {}),
    ...(readMs === undefined ? {} : { read_ms: readMs }),
    ...(readMs === undefined || relies.length === 0
      ? {}
      : { relies: { keys: relies, since_ms: readMs + mostOnTheWayMs } }),
    ...(request.radius ? { radius: columnsOf(request.radius) } : {}),
    ...(request.quotas?.length ? { quotas: request.quotas.map(columnsOf) } : {}),
    ...(request.cooldown ? { cooldown: { key: request.cooldown.key, period_ms: request.cooldown.periodMs } } : {}),
  };
  const answer = parsedAnswer(await database.together<RawAnswer>('claim_execution', 'claim_executions', payload));
  // What ended while the claim was on its way for longer than that may have been read as it was before.
  const isLate = relies.length > 0 && performance.now() - sentAtMs > mostOnTheWayMs;
  return answer.outcome === 'claimed' && isLate ? { ...answer, doubtful: true } : answer;
}

/**
 * The answer to a claim that was sent with that mark in its event, where the claim was made; undefined: it was not, or what
 * it began is in other hands.
 */
export async function findClaim(
  database: Database,
  { id, mark }: { id: string; mark: string },
): Promise<ClaimAnswer | undefined> {
  return await database.statement('find_claim', async (sql) => {
    const [row] = await sql<{ answer: RawAnswer }[]>`
      select jsonb_build_object('outcome', case when e.finished_at is null then 'claimed' else 'recorded' end, 'fence', e.fence,
        'created_at', e.created_at, 'started_at', e.started_at, 'deadline', e.deadline, 'lease_until', e.lease_until,
        'finished_at', e.finished_at, 'doubtful', true) as answer
      from execution e join execution_event v on v.execution_id = e.id and v.data->>'claim' = ${mark}
      where e.id = ${id} and not exists (
        select from execution_event later
        where later.execution_id = e.id and later.id > v.id and later.type <> 'execution.cancel_requested')`;
    return row && parsedAnswer(row.answer);
  });
}

/** The keys that executions with a lower fencing number hold: they were admitted first. */
export async function heldBefore(database: Database, { fence }: { fence: number }): Promise<string[]> {
  return await database.statement('held_before', async (sql) => {
    const rows = await sql<{ key: string }[]>`
      select l.key from target_lock l join execution e on e.id = l.execution_id where e.fence < ${fence}`;
    return rows.map(({ key }) => key);
  });
}

/** Takes a claim back before anything was changed, as if it had never been made. False: it is another replica's now. */
export async function withdrawClaim(
  database: Database,
  { id, fence }: { id: string; fence: number },
): Promise<boolean> {
  return await database.statement('withdraw_claim', async (sql) => {
    const [row] = await sql<{ withdrawn: boolean }[]>`select withdraw_claim(${id}, ${fence}) as withdrawn`;
    return row?.withdrawn ?? false;
  });
}
