import * as z from 'zod';
import type { Control } from '../database/controls.ts';
import { namespaceFault } from '../kubernetes/names.ts';
import { parsed } from './parse.ts';

/** The body of `PUT /api/v1/controls`. Whoever stops something in a hurry need not say why. */
export const ControlBody = z
  .strictObject({
    scope: z
      .string()
      .refine((scope) => scope === '*' || namespaceFault(scope) === undefined, {
        error: ({ input }) => `${namespaceFault(String(input))}; or "*" for the whole cluster`,
      })
      .describe('A namespace, or `*`: all of the cluster. What is in no namespace obeys only that'),
    stopped: z.boolean().describe('True: nothing begins, and what is under way ends within a second'),
    reason: z.string().max(1_000).nullish().describe('Why; shown to everybody who meets the stop'),
  })
  .meta({ id: 'ControlBody' });

export function parseControlRequest(body: unknown): Pick<Control, 'scope' | 'stopped' | 'reason'> {
  const { scope, stopped, reason } = parsed(ControlBody, body);
  return { scope, stopped, reason: reason?.trim() || null };
}
