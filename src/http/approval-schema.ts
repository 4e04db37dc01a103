import * as z from 'zod';
import { riskLevels } from '../actions/define.ts';
import { approvalStatuses } from '../database/approval-status.ts';
import { Impact } from './impact-schema.ts';
import { Change, Execution } from './execution-schema.ts';

const time = z.iso.datetime();
const text = z.string();

const Evaluation = z
  .looseObject({
    verdict: z.literal('ask'),
    retry_at: time.nullable(),
    blocked_by: z.array(z.json()),
    plan_hash: text,
    changes: z.array(Change),
    expectations: z.array(z.strictObject({ summary: text, holds: z.boolean() })),
    risk: z.strictObject({ level: z.enum(riskLevels), reasons: z.array(text) }),
    impact: Impact.nullable(),
    verdicts: z.array(z.strictObject({ rule: text, verdict: z.enum(['allow', 'ask', 'deny']), reason: text })),
    undo: z.strictObject({ available: z.boolean(), reason: text.nullable() }),
  })
  .describe('The plan, and what stands for and against it, as they were when it was asked for');

/** A question to a person, as every endpoint answers it (approval-view.ts). */
export const Approval = z
  .strictObject({
    id: text,
    action_id: text.describe('The execution that waits for it'),
    action: text,
    status: z.enum(approvalStatuses),
    plan_hash: text.describe('What is agreed to; in quotes, it is what If-Match takes'),
    evaluation: Evaluation,
    requested_by: text.nullable(),
    requested_at: time,
    expires_at: time.describe('Until then; after that it is a no'),
    decided_by: text.nullable(),
    decided_at: time.nullable(),
    comment: text.nullable(),
    execution: Execution.optional().describe('Of one approval: the execution as it is now'),
    links: z.strictObject({
      self: text,
      execution: text,
      approve: text.optional().describe('While it is pending'),
      reject: text.optional().describe('While it is pending'),
    }),
  })
  .meta({ id: 'Approval', description: 'What a person is asked, and has decided' });
