import * as z from 'zod';

const text = z.string();
const count = z.int();
const named = { namespace: text, name: text };

/** Who is touched by a plan. */
export const Impact = z.strictObject({
  pods: count.describe('Pods that are taken away or replaced'),
  ready_before: count.describe('Of the pods of everything that is touched'),
  ready_during: count.describe('The fewest that stay ready meanwhile'),
  services: z.array(z.strictObject({ ...named, endpoints_before: count, endpoints_during: count })),
  budgets: z.array(z.strictObject({ ...named, pods: count, disruptions_allowed: count })),
  volumes: z.array(text).describe('Claims of the pods; their data stays'),
  dependants: z.array(z.strictObject({ kind: text, ...named, by: text })),
  data_loss: z.array(text),
  summary: z.array(text),
});
