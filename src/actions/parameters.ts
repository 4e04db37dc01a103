import * as z from 'zod';
import { nameFault } from '../kubernetes/names.ts';
import { formatQuantity, parseQuantity } from '../kubernetes/quantities.ts';
import { parseDuration } from '../text/duration.ts';

/** A number of replicas: a whole number from 0 to 1000. */
export const replicaCount = wholeNumber({ min: 0, max: 1000 }).describe('Number of replicas');

/** How long a pod may take to end, in seconds; the pod's own where it is not given. */
export const gracePeriodSeconds = wholeNumber({ min: 0, max: 300 })
  .optional()
  .describe("Grace period in seconds (default: the pod's own)");

/** Act although a HorizontalPodAutoscaler owns the number of replicas. */
export const overrideHpa = z
  .boolean()
  .default(false)
  .describe('Scale although a HorizontalPodAutoscaler manages the workload');

/** The name of an object: a DNS subdomain. */
export const objectName = z.string().refine((name) => nameFault(name) === undefined, {
  error: ({ input }) => nameFault(String(input)) ?? 'must be the name of an object',
});

/** How far to look back: `1h`, `30m`, `7d`. Gives milliseconds. */
export function timeRange({ default: preset, longest }: { default: string; longest: string }) {
  return durationMs({ default: preset, shortest: '1s', longest }).describe(
    `How far to look back: a duration from 1s to ${longest}`,
  );
}

/** A duration such as `30m` or `1h30m`. Gives milliseconds. */
export function durationMs({ default: preset, ...range }: { default: string; shortest: string; longest: string }) {
  return durationText().default(preset).transform(millisecondsWithin(range));
}

/** How long something lasts, before it is taken back by itself: `30m`, `2h`. Gives milliseconds. */
export function lasting({ longest }: { longest: string }) {
  return durationText()
    .transform(millisecondsWithin({ shortest: '1s', longest }))
    .optional()
    .describe(`Undone by itself after so long: a duration from 1s to ${longest} (default: it stays)`);
}

/** A whole number; the same as text (`"3"`) is accepted too, which upstream services send. */
export function wholeNumber({ min, max }: { min: number; max: number }) {
  return z.preprocess(numberOfText, z.int().min(min).max(max));
}

/** The number that the text spells out in decimal digits; anything else as it is, for the schema to refuse. */
function numberOfText(value: unknown): unknown {
  return typeof value === 'string' && /^-?\d{1,15}(\.\d{1,15})?$/.test(value) ? Number(value) : value;
}

/** An amount above zero: `500m`, `2`, `1.5Gi`; a whole number too. Gives it as the API server writes it. */
export function quantity() {
  return z.preprocess(
    (value) => (typeof value === 'number' && Number.isSafeInteger(value) ? String(value) : value),
    z
      .string()
      .max(64)
      .transform((text, context) => {
        const amount = parseQuantity(text);
        if (amount && amount.nano > 0n) return formatQuantity(amount);
        context.addIssue({ code: 'custom', message: 'must be an amount above zero, such as 500m, 2 or 1.5Gi' });
        return z.NEVER;
      }),
  );
}

function durationText() {
  return z.string().regex(/^(\d+(\.\d+)?(ms|s|m|h|d))+$/, 'must be a duration such as 30m, 1h or 7d');
}

function millisecondsWithin({ shortest, longest }: { shortest: string; longest: string }) {
  const shortestMs = parseDuration(shortest) ?? Number.NaN;
  const longestMs = parseDuration(longest) ?? Number.NaN;
  return (text: string, context: z.RefinementCtx<string>): number => {
    const ms = parseDuration(text);
    if (ms !== undefined && ms >= shortestMs && ms <= longestMs) return ms;
    context.addIssue({ code: 'custom', message: `must be a duration from ${shortest} to ${longest}` });
    return z.NEVER;
  };
}
