import { and, desc, eq, getTableColumns, type SQL, sql as expression } from 'drizzle-orm';
import type { JsonObject, Json } from '../json.ts';
import type { ApprovalStatus } from './approval-status.ts';
import type { ClaimAnswer } from './claim-answer.ts';
import type { NewExecution } from './claim.ts';
import { columnsOf } from './columns-of.ts';
import type { Database } from './connect.ts';
import { conditionsOfParts, type HistoryPart } from './executions.ts';
import { approval, execution } from './schema.ts';

/** A row of the table `approval`. What was asked, the executor alone knows. */
export type Approval = typeof approval.$inferSelect;

export interface AskRequest {
  row: NewExecution;
  /** Not to be started before, also once it is approved. */
  notBefore: Date | undefined;
  /** Keys of the objects that it will hold. */
  locks: string[];
  approval: { id: string; planHash: string; evaluation: JsonObject; expiresMs: number };
  message: string;
  /** What must have cooled down by then; undefined: nothing has to. */
  cooldownKey: string | undefined;
  idempotencyMs: number;
  /** The row stands in the queue already, taken from there under that number. */
  queuedFence: number | undefined;
}

/** Times are the database's. */
export type AskAnswer =
  | { outcome: 'asked'; createdAt: Date; expiresAt: Date }
  | Extract<ClaimAnswer, { outcome: 'duplicate' | 'undone' | 'cooling' }>;

/**
 * Writes an execution that a person has to agree to, and the question, in one commit. Not safe to repeat blindly: a second
 * sending of the same row is its own `duplicate`.
 */
export async function insertApproval(database: Database, request: AskRequest): Promise<AskAnswer> {
  const { row, notBefore, locks, approval: its, message, cooldownKey, idempotencyMs, queuedFence } = request;
  const payload = {
    row: { ...columnsOf(row), ...(notBefore ? { not_before: notBefore.toISOString() } : {}) },
    locks,
    approval: columnsOf(its),
    message,
    cooldown_key: cooldownKey ?? null,
    idempotency_ms: idempotencyMs,
    queued_fence: queuedFence ?? null,
  };
  return await database.statement('ask_approval', async (sql) => {
    const [first] = await sql<{ answer: RawAsked }[]>`
      select ask_approval(${JSON.stringify(payload)}::text::jsonb) as answer`;
    const answer = first?.answer;
    switch (answer?.outcome) {
      case 'asked':
        return {
          outcome: 'asked',
          createdAt: new Date(answer.created_at),
          expiresAt: new Date(answer.expires_at),
        };
      case 'duplicate':
        return { outcome: 'duplicate', id: answer.id, requestHash: answer.request_hash };
      case 'cooling':
        return { outcome: 'cooling', until: new Date(answer.until), by: answer.by };
      case 'undone':
        return answer;
      default:
        throw new Error('PostgreSQL gave no answer to ask_approval');
    }
  });
}

type RawAsked =
  | { outcome: 'asked'; created_at: string; expires_at: string }
  | { outcome: 'duplicate'; id: string; request_hash: string | null }
  | RawStands;
/** What stands against what is asked about. */
type RawStands = { outcome: 'cooling'; until: string; by: string } | { outcome: 'undone'; by: string | null };

export interface Decision {
  id: string;
  decision: 'approved' | 'rejected' | 'stale';
  by: string | undefined;
  comment: string | undefined;
  message: string;
  /** Of the execution that ends by it. */
  error?: Json;
  /** What must have cooled down before it may be approved; undefined: nothing has to. */
  cooldownKey?: string | undefined;
}

/** `decided`, `expired`: it was decided before, and stays so. `cooling`, `undone`: nothing is decided. */
export type DecisionAnswer =
  | { outcome: 'done' | 'expired' }
  | { outcome: 'decided'; status: ApprovalStatus; by: string | null }
  | Extract<ClaimAnswer, { outcome: 'undone' | 'cooling' }>;

/** Decides a question once, whoever else decides at the same time; approved, its execution is queued. */
export async function decideApproval(database: Database, decision: Decision): Promise<DecisionAnswer> {
  const { id, by, comment, message, error = null, cooldownKey } = decision;
  const problem = error === null ? null : JSON.stringify(error);
  return await database.statement('decide_approval', async (sql) => {
    const [first] = await sql<{ answer: RawDecided }[]>`
      select decide_approval(${id}, ${decision.decision}, ${by ?? null}, ${comment ?? null}, ${message},
        ${problem}::text::jsonb, ${cooldownKey ?? null}) as answer`;
    if (!first) throw new Error('PostgreSQL gave no answer to decide_approval');
    const { answer } = first;
    return answer.outcome === 'cooling' ? { ...answer, until: new Date(answer.until) } : answer;
  });
}

type RawDecided =
  | { outcome: 'done' | 'expired' }
  | { outcome: 'decided'; status: ApprovalStatus; by: string | null }
  | RawStands;

/** Ends what nobody has decided in time, by the database's clock; gives the ids of the questions. Safe from all replicas at once. */
export async function endExpired(database: Database, cluster: string, most: number): Promise<string[]> {
  return await database.statement('expire_approvals', async (sql) => {
    const rows = await sql<{ id: string }[]>`select expire_approvals(${cluster}, ${most}) as id`;
    return rows.map(({ id }) => id);
  });
}

/** The approval of that id, or undefined. */
export async function findApproval(database: Database, id: string): Promise<Approval | undefined> {
  const [row] = await database.query('find_approval', (db) =>
    db.select().from(approval).where(eq(approval.id, id)).limit(1),
  );
  return row;
}

/** Where a page ends: the next begins behind it. */
export interface ApprovalPosition {
  createdAt: Date;
  id: string;
}

/** One page, newest first, of those whose executions are in one of the parts; and where the next begins. */
export async function listApprovals(
  database: Database,
  page: {
    status: ApprovalStatus | undefined;
    within: readonly HistoryPart[];
    after: ApprovalPosition | undefined;
    limit: number;
  },
): Promise<{ rows: (Approval & { action: string })[]; next: ApprovalPosition | undefined }> {
  const { status, within, after, limit } = page;
  const where: SQL[] = [
    ...conditionsOfParts(within),
    ...(status === undefined ? [] : [eq(approval.status, status)]),
    ...(after
      ? [
          expression`(${approval.requestedAt}, ${approval.id}) < (${after.createdAt.toISOString()}::timestamptz, ${after.id})`,
        ]
      : []),
  ];
  const found = await database.query('list_approvals', (db) =>
    db
      .select({ ...getTableColumns(approval), action: execution.action })
      .from(approval)
      .innerJoin(execution, eq(execution.id, approval.executionId))
      .where(and(...where))
      .orderBy(desc(approval.requestedAt), desc(approval.id))
      .limit(limit + 1),
  );
  const rows = found.slice(0, limit);
  const last = rows.at(-1);
  return { rows, next: found.length > limit && last ? { createdAt: last.requestedAt, id: last.id } : undefined };
}
