import * as z from 'zod';
import { type RefusalCode, refusals } from '../actions/refusal.ts';
import { Evaluation } from './evaluation-schema.ts';
import { Approval } from './approval-schema.ts';
import { Execution } from './execution-schema.ts';

const text = z.string();

/** A JSON Schema or an example: an object whose members are its own affair. */
const document = z.record(text, z.json());

const ExecutionPage = z
  .strictObject({
    items: z.array(Execution),
    next: text.nullable().describe('The cursor of the next page; null on the last'),
  })
  .meta({ id: 'ExecutionPage' });

const Action = z
  .strictObject({
    name: text,
    summary: text,
    targets: z.array(text).describe('Kinds that it acts on; the first is meant where a request names none'),
    target_required: z.boolean(),
    risk: z.enum(['low', 'medium', 'high', 'critical']),
    reversible: z.boolean(),
    irreversible_because: text.nullable(),
    again: z.enum(['no_op', 'acts']).describe('What a second sending does: nothing, or the same again'),
    dry_run: z.boolean(),
    parameters: document.describe('JSON Schema, draft 2020-12'),
    permissions: z.array(z.strictObject({ api_groups: z.array(text), resources: z.array(text), verbs: z.array(text) })),
    examples: z.array(document).describe('Bodies for POST /api/v1/execute'),
  })
  .meta({ id: 'Action' });

const ActionPage = z.strictObject({ items: z.array(Action), next: z.null() }).meta({ id: 'ActionPage' });

const upOrDown = { status: z.enum(['up', 'down']), detail: text.optional().describe('Why it is down') };

const Health = z
  .strictObject({
    status: z.enum(['healthy', 'unhealthy']),
    cluster: text.optional(),
    version: text.optional(),
    commit: text.optional(),
    checks: z
      .strictObject({
        database: z.strictObject({ ...upOrDown, time: z.iso.datetime().optional() }),
        cluster: z.strictObject({
          ...upOrDown,
          name: text,
          server: text,
          version: text.optional(),
          sandbox: z.boolean().optional().describe('True: the embedded cluster, not a real one'),
        }),
      })
      .optional(),
    warnings: z.array(text).optional(),
  })
  .meta({ id: 'Health', description: 'Somebody who has not said who they are is told the status alone' });

const Session = z
  .strictObject({ name: text.nullable().describe('Null where callers are not authenticated') })
  .meta({ id: 'Session' });

const Liveness = z.strictObject({ status: z.literal('alive') }).meta({ id: 'Liveness' });

const Readiness = z.strictObject({ status: z.enum(['ready', 'not_ready', 'stopping']) }).meta({ id: 'Readiness' });

const Control = z
  .strictObject({
    scope: text.describe('A namespace, or `*`: the whole cluster'),
    stopped: z.boolean(),
    reason: text.nullable(),
    by: text.nullable().describe('Who has said so last'),
    at: z.iso.datetime(),
  })
  .meta({ id: 'Control' });

const ControlPage = z.strictObject({ items: z.array(Control), next: z.null() }).meta({ id: 'ControlPage' });

const ApprovalPage = z
  .strictObject({
    items: z.array(Approval),
    next: text.nullable().describe('The cursor of the next page; null on the last'),
  })
  .meta({ id: 'ApprovalPage' });

const Problem = z
  .strictObject({
    type: text.describe('urn:executor-service:problem:<code>'),
    title: text,
    status: z.int(),
    code: z.enum(Object.keys(refusals).filter(isRefusalCode)),
    detail: text.describe('Names the object'),
    instance: text.describe('The path that was asked for'),
    hint: text.describe('The way out'),
    errors: z
      .array(z.strictObject({ pointer: text.describe('JSON pointer (RFC 6901) into the body'), detail: text }))
      .optional(),
    retry_at: z.iso.datetime().optional().describe('When the same request may succeed; always with 429 and 503'),
    action_id: text.optional(),
    trace_id: text.optional(),
    holder: z
      .strictObject({ action_id: text, action: text, started_at: z.iso.datetime(), object: text })
      .optional()
      .describe('With target_busy: who holds the target'),
    stop: Control.optional().describe('With emergency_stop: what is stopped, by whom and why'),
  })
  .meta({ id: 'Problem', description: 'Why a request was refused (RFC 9457). Nothing was changed' });

/** The schema of every JSON answer, by the name that it has in the OpenAPI document. */
export const answerSchemas = {
  Execution,
  ExecutionPage,
  Evaluation,
  Approval,
  ApprovalPage,
  Action,
  ActionPage,
  Control,
  ControlPage,
  Session,
  Health,
  Liveness,
  Readiness,
  Problem,
};

function isRefusalCode(code: string): code is RefusalCode {
  return code in refusals;
}
