import { sql } from 'drizzle-orm';
import {
  bigint,
  bigserial,
  boolean,
  index,
  integer,
  jsonb,
  pgSequence,
  pgTable,
  primaryKey,
  text,
  timestamp,
  uniqueIndex,
} from 'drizzle-orm/pg-core';
import type { Json, JsonObject } from '../json.ts';
import type { ApprovalStatus } from './approval-status.ts';
import type { ExecutionStatus } from './execution-status.ts';

/** Time by the database's clock, the only one that replicas share. */
const at = (name: string) => timestamp(name, { withTimezone: true, precision: 3, mode: 'date' });

/** Grows with each claim: a replica that comes back with an old number can't write. */
export const fence = pgSequence('fence');

/** One row for each run of an action: dry runs, rollbacks and refused ones too. */
export const execution = pgTable(
  'execution',
  {
    id: text('id').primaryKey(),
    idempotencyKey: text('idempotency_key'),
    requestHash: text('request_hash'),
    action: text('action').notNull(),
    status: text('status').$type<ExecutionStatus>().notNull(),
    dryRun: boolean('dry_run').notNull().default(false),
    cluster: text('cluster').notNull(),
    namespace: text('namespace'),
    kind: text('kind'),
    name: text('name'),
    target: jsonb('target').$type<Json>(),
    parameters: jsonb('parameters').$type<JsonObject>().notNull(),
    alert: jsonb('alert').$type<JsonObject>(),
    metadata: jsonb('metadata').$type<JsonObject>(),
    workflowId: text('workflow_id'),
    correlationId: text('correlation_id'),
    requestedBy: text('requested_by'),
    reason: text('reason'),
    priority: integer('priority').notNull().default(5),
    plan: jsonb('plan').$type<Json>().notNull(),
    changes: jsonb('changes').$type<Json>().notNull(),
    expectations: jsonb('expectations').$type<Json>().notNull(),
    verdicts: jsonb('verdicts').$type<Json>().notNull(),
    risk: jsonb('risk').$type<Json>().notNull(),
    /** Null where nobody had to know it. */
    impact: jsonb('impact').$type<Json>(),
    progress: jsonb('progress').$type<Json>(),
    warnings: jsonb('warnings').$type<string[]>().notNull(),
    result: jsonb('result').$type<Json>(),
    error: jsonb('error').$type<Json>(),
    settled: jsonb('settled').$type<Json>(),
    message: text('message').notNull(),
    changed: boolean('changed').notNull().default(false),
    rollbackOf: text('rollback_of'),
    rolledBackBy: text('rolled_back_by'),
    traceId: text('trace_id'),
    timeoutMs: integer('timeout_ms').notNull(),
    holder: text('holder'),
    fence: bigint('fence', { mode: 'number' }),
    leaseUntil: at('lease_until'),
    cancelRequestedAt: at('cancel_requested_at'),
    cancelReason: text('cancel_reason'),
    /** Why it is to end, where nobody asked for this one: `emergency_stop`. */
    cancelCode: text('cancel_code'),
    createdAt: at('created_at').notNull().defaultNow(),
    startedAt: at('started_at'),
    deadline: at('deadline'),
    finishedAt: at('finished_at'),
    /** Not to be started before, by the database's clock. Moves on each time that it has to wait for time to pass. */
    notBefore: at('not_before'),
    /** How often a replica has tried to start it; null for a run that never waited in the queue. */
    attempts: integer('attempts'),
    /** Since when it waits for its turn; null for a run that never waited. */
    dueAt: at('due_at'),
    /** What a queued one waits for: null is its turn; see drizzle/0004_queue.sql. */
    waitsFor: text('waits_for'),
    /** Of a queued one: the objects that it will hold, as far as that is known. */
    lockKeys: jsonb('lock_keys').$type<string[]>(),
    /** The execution that this one goes on with. */
    resumeOf: text('resume_of'),
    /** Somebody has looked at why it failed: it counts no longer as a failure of its action on its target. */
    acknowledgedAt: at('acknowledged_at'),
    acknowledgedBy: text('acknowledged_by'),
    acknowledgeReason: text('acknowledge_reason'),
    /** What somebody was asked about it; of a scheduled undo, about what it undoes. */
    approvalId: text('approval_id'),
    /** Of the plan that was agreed to; any other is not carried out. */
    approvedHash: text('approved_hash'),
    approvedBy: text('approved_by'),
  },
  (table) => [
    // What most rows do not have, or not yet, costs them nothing.
    uniqueIndex('execution_idempotency_key')
      .on(table.idempotencyKey)
      .where(sql`idempotency_key is not null`),
    // Of the history, one for each filter, in the order of its pages: newest first is backwards. Ascending, so that a new
    // row goes to the end of the index, or of its value's part.
    index('execution_newest').on(table.createdAt, table.id),
    index('execution_of_action').on(table.action, table.createdAt, table.id),
    index('execution_of_namespace')
      .on(table.namespace, table.createdAt, table.id)
      .where(sql`namespace is not null`),
    index('execution_of_kind')
      .on(table.kind, table.createdAt, table.id)
      .where(sql`kind is not null`),
    index('execution_of_name')
      .on(table.name, table.createdAt, table.id)
      .where(sql`name is not null`),
    index('execution_of_target')
      .on(table.namespace, table.name, table.createdAt, table.id)
      .where(sql`name is not null`),
    // Most are completed, which is found among the newest; those under way are few, and have execution_lease.
    index('execution_of_status')
      .on(table.status, table.createdAt, table.id)
      .where(sql`status not in ('completed', 'running', 'unknown')`),
    index('execution_correlation')
      .on(table.correlationId, table.createdAt, table.id)
      .where(sql`correlation_id is not null`),
    index('execution_finished')
      .on(table.finishedAt)
      .where(sql`finished_at is not null`),
    // What came of an action on a target: oscillation and repeated failure are found by it.
    index('execution_outcomes')
      .on(table.namespace, table.name, table.action, table.finishedAt)
      .where(sql`not dry_run and finished_at is not null`),
    // What has been changed lately: how far that reaches.
    index('execution_changed')
      .on(table.cluster, table.finishedAt)
      .where(sql`changed and not dry_run`),
    index('execution_lease')
      .on(table.leaseUntil)
      .where(sql`status in ('running', 'unknown')`),
    index('execution_queue_by_priority')
      .on(table.cluster, table.waitsFor, table.priority, table.dueAt)
      .where(sql`status = 'queued'`),
    index('execution_queue_by_age')
      .on(table.cluster, table.waitsFor, table.dueAt)
      .where(sql`status = 'queued'`),
    index('execution_queue_by_time')
      .on(table.cluster, table.waitsFor, table.notBefore)
      .where(sql`status = 'queued' and waits_for = '@time'`),
    index('execution_queue_by_lease')
      .on(table.cluster, table.waitsFor, table.leaseUntil)
      .where(sql`status = 'queued' and waits_for = '@start'`),
    index('execution_queued_undo')
      .on(table.rollbackOf)
      .where(sql`status = 'queued' and rollback_of is not null`),
  ],
);

/** What happened to an execution, or to a control, in order; written with the state that it tells of. */
export const executionEvent = pgTable(
  'execution_event',
  {
    id: bigserial('id', { mode: 'number' }).primaryKey(),
    /** Null: it tells of a control. */
    executionId: text('execution_id'),
    at: at('at').notNull().defaultNow(),
    type: text('type').notNull(),
    message: text('message').notNull(),
    data: jsonb('data').$type<Json>(),
  },
  (table) => [index('execution_event_of').on(table.executionId, table.id)],
);

/** Who holds an object (`cluster/namespace/kind/name`). A row stands until its execution is finished or settled. */
export const targetLock = pgTable(
  'target_lock',
  {
    key: text('key').primaryKey(),
    executionId: text('execution_id').notNull(),
  },
  (table) => [index('target_lock_of').on(table.executionId)],
);

/** Until when a class of actions is refused on a target. */
export const cooldown = pgTable('cooldown', {
  key: text('key').primaryKey(),
  executionId: text('execution_id').notNull(),
  until: at('until').notNull(),
});

/** The places of the global limit; a free one has no execution. */
export const slot = pgTable('slot', {
  id: integer('id').primaryKey(),
  executionId: text('execution_id'),
});

/** What a person was asked, and has answered; decided once (see drizzle/0011_approvals.sql). */
export const approval = pgTable(
  'approval',
  {
    id: text('id').primaryKey(),
    executionId: text('execution_id').notNull(),
    cluster: text('cluster').notNull(),
    status: text('status').$type<ApprovalStatus>().notNull(),
    planHash: text('plan_hash').notNull(),
    /** The plan as it was then, for whoever decides. */
    evaluation: jsonb('evaluation').$type<JsonObject>().notNull(),
    requestedBy: text('requested_by'),
    requestedAt: at('requested_at').notNull(),
    expiresAt: at('expires_at').notNull(),
    decidedBy: text('decided_by'),
    decidedAt: at('decided_at'),
    comment: text('comment'),
  },
  (table) => [
    uniqueIndex('approval_of').on(table.executionId),
    index('approval_newest').on(table.requestedAt, table.id),
    index('approval_pending')
      .on(table.cluster, table.expiresAt)
      .where(sql`status = 'pending'`),
  ],
);

/** What is stopped of a cluster: all of it (`*`), or a namespace. A row stays when the stop is lifted. */
export const control = pgTable(
  'control',
  {
    cluster: text('cluster').notNull(),
    scope: text('scope').notNull(),
    stopped: boolean('stopped').notNull(),
    reason: text('reason'),
    changedBy: text('changed_by'),
    changedAt: at('changed_at').notNull(),
  },
  (table) => [primaryKey({ columns: [table.cluster, table.scope] })],
);
