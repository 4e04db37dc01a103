import * as z from 'zod';
import { Change, Target } from './execution-schema.ts';
import { Impact } from './impact-schema.ts';

const time = z.iso.datetime();
const text = z.string();
const count = z.int();

const Simulation = z
  .strictObject({
    evictable: count,
    stay: z.array(text),
    blocked: z.array(z.strictObject({ pod: text, by: text })).describe('More than their budget can spare now'),
    fits_elsewhere: z.boolean(),
    does_not_fit: z.array(z.strictObject({ pod: text, why: text })),
    not_modelled: z.array(text),
  })
  .describe('Of a drain');

/** An evaluation as it is answered (evaluation-view.ts). */
export const Evaluation = z
  .strictObject({
    verdict: z.enum(['allow', 'ask', 'deny', 'wait']),
    retry_at: time
      .nullable()
      .describe('With wait: when all that stands against it will have passed, where that is known'),
    blocked_by: z.array(z.strictObject({ code: text, detail: text, until: time.nullable() })),
    plan_hash: text.nullable(),
    action: text.nullable(),
    target: Target.nullable(),
    changes: z.array(Change),
    expectations: z.array(z.strictObject({ summary: text, holds: z.boolean() })),
    diff: z.array(
      z.strictObject({
        target: Target,
        path: text.describe('JSON pointer into the object; empty: the whole of it'),
        from: z.json().nullable(),
        to: z.json().nullable(),
      }),
    ),
    risk: z.strictObject({ level: z.enum(['low', 'medium', 'high', 'critical']), reasons: z.array(text) }).nullable(),
    impact: Impact.nullable(),
    verdicts: z.array(z.strictObject({ rule: text, verdict: z.enum(['allow', 'ask', 'deny']), reason: text })),
    undo: z.strictObject({ available: z.boolean(), reason: text.nullable() }).nullable(),
    warnings: z.array(text),
    simulation: Simulation.optional(),
  })
  .meta({ id: 'Evaluation', description: 'What would come of a request. Null where there is no plan' });
