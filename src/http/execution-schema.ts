import * as z from 'zod';
import { executionStatuses } from '../database/execution-status.ts';
import { Impact } from './impact-schema.ts';

const time = z.iso.datetime();
const text = z.string();
const anything = z.json();

export const Target = z
  .strictObject({
    cluster: text,
    api_version: text,
    kind: text,
    namespace: text.nullable().describe('null for what is in no namespace'),
    name: text,
    uid: text.nullable().describe('null for an object that does not exist yet'),
  })
  .describe('An object of the cluster');

export const Change = z.strictObject({
  kind: text.describe('patch, create, delete, evict, run_job or wait'),
  target: Target,
  summary: text.describe('What is changed, in words'),
  status: z.enum(['pending', 'applied', 'skipped', 'failed', 'unknown']),
  before: anything.optional(),
  after: anything.optional(),
  error: text.optional().describe('Why it failed'),
  verified: z.boolean().optional().describe('In a dry run: whether the API server has checked it'),
});

/** An execution as every endpoint answers it (execution-view.ts); strict here, while callers must expect more fields. */
export const Execution = z
  .strictObject({
    success: z.boolean(),
    action_id: text,
    status: z.enum(executionStatuses),
    message: text,
    timestamp: time.describe('When it ended; while it has not, when it was created'),
    action: text.describe('In snake_case, whatever the spelling that was sent'),
    cluster: text,
    target: Target.nullable(),
    parameters: z.record(text, anything),
    reason: text.nullable(),
    requested_by: text.nullable(),
    approved_by: text.nullable().describe('Who has agreed to it, where somebody was asked'),
    correlation_id: text.nullable(),
    workflow_id: text.nullable(),
    alert: z.record(text, anything).nullable(),
    metadata: z.record(text, anything).nullable(),
    priority: z.int().describe('1 goes first, 9 last'),
    dry_run: z.boolean(),
    changed: z.boolean().describe('Whether anything in the cluster is different now, or may be'),
    created_at: time,
    started_at: time.nullable(),
    finished_at: time.nullable(),
    deadline: time.nullable(),
    not_before: time.nullable().describe('Of a queued one: when it is started, or tried again'),
    progress: z.strictObject({ done: z.int(), total: z.int(), message: text }).nullable(),
    changes: z.array(Change),
    expectations: z.array(z.strictObject({ summary: text, holds: z.boolean() })),
    warnings: z.array(text),
    result: anything.nullable().describe('What the action found; its shape is the action’s'),
    risk: z.strictObject({ level: z.enum(['low', 'medium', 'high', 'critical']), reasons: z.array(text) }),
    impact: Impact.nullable().describe('Who is touched; null where it was not read, since it decided nothing'),
    verdicts: z.array(z.strictObject({ rule: text, verdict: z.enum(['allow', 'ask', 'deny']), reason: text })),
    undo: z.strictObject({
      available: z.boolean(),
      until: time.nullable(),
      reason: text.nullable(),
      scheduled_at: time.nullable().describe('When it is undone by itself'),
      scheduled_by: text.nullable().describe('The queued execution that does so'),
    }),
    rollback_of: text.nullable(),
    rolled_back_by: text.nullable(),
    resume_of: text.nullable(),
    orchestration_id: text.nullable(),
    step_id: text.nullable(),
    acknowledged: z
      .strictObject({ at: time, by: text.nullable(), reason: text.nullable() })
      .nullable()
      .describe('Somebody has looked at why it failed: it no longer holds its action back'),
    settled: z
      .strictObject({ by: text, from: text, decided: text })
      .nullable()
      .describe('How a run was decided whose replica had gone silent'),
    error: z.strictObject({ code: text, message: text, hint: text.optional() }).nullable(),
    duration_ms: z.int().nullable(),
    execution_time: z.int().nullable().describe('Nanoseconds'),
    trace_id: text.nullable(),
    links: z.strictObject({
      self: text,
      cancel: text.optional(),
      approval: text.optional().describe('What somebody was asked about it'),
      rollback: text.optional(),
      resume: text.optional(),
    }),
  })
  .meta({ id: 'Execution', description: 'One run of an action, from the request to what came of it' });
