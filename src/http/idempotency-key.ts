import * as z from 'zod';
import type { FieldFault } from '../actions/refusal.ts';
import { parse } from './parse.ts';

const Headers = z.object({
  'idempotency-key': z
    .string()
    .min(1)
    .max(255)
    .regex(/^[^\p{Cc}]*$/u, 'must not contain control characters')
    .optional(),
});

/** What is wrong with an Idempotency-Key; its pointer is the header's name. */
export function idempotencyKeyFaults(key: string | undefined): FieldFault[] {
  const result = parse(Headers, { 'idempotency-key': key });
  return result.ok ? [] : result.faults;
}
