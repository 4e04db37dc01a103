import * as z from 'zod';
import type { ResumeRequest } from '../executor/resume.ts';
import type { Later } from '../executor/run-later.ts';
import { idempotencyKeyFaults } from './idempotency-key.ts';
import { parsed } from './parse.ts';
import { requestHash } from './request-hash.ts';

/** The body of a resumption; it may be left out. */
export const ResumeBody = z
  .strictObject({ reason: z.string().max(1_000).optional().describe('Kept in the record') })
  .meta({ id: 'ResumeBody' });

export function parseResumeRequest(
  of: string,
  body: unknown,
  { idempotencyKey, later }: { idempotencyKey: string | undefined; later: Later | undefined },
): ResumeRequest {
  const { reason } = parsed(ResumeBody, body === undefined ? {} : body, idempotencyKeyFaults(idempotencyKey));
  return {
    of,
    reason,
    idempotencyKey,
    later,
    requestHash: requestHash({ resume: of, reason: reason ?? null }),
  };
}
