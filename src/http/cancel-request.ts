import * as z from 'zod';
import type { CancelRequest } from '../executor/cancel.ts';
import { parsed } from './parse.ts';

/** The body of a cancellation; it may be left out. */
export const CancelBody = z
  .strictObject({ reason: z.string().max(1_000).optional().describe('Kept in the record') })
  .meta({ id: 'CancelBody' });

export function parseCancelRequest(id: string, body: unknown): CancelRequest {
  const { reason } = parsed(CancelBody, body === undefined ? {} : body);
  return { id, reason };
}
