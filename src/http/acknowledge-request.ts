import * as z from 'zod';
import type { AcknowledgeRequest } from '../executor/acknowledge.ts';
import { parsed } from './parse.ts';

/** The body of an acknowledgement; it may be left out. */
export const AcknowledgeBody = z
  .strictObject({ reason: z.string().max(1_000).optional().describe('Kept in the record') })
  .meta({ id: 'AcknowledgeBody' });

export function parseAcknowledgeRequest(id: string, body: unknown): AcknowledgeRequest {
  const { reason } = parsed(AcknowledgeBody, body === undefined ? {} : body);
  return { id, reason };
}
