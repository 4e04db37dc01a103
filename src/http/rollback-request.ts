import * as z from 'zod';
import type { RollbackRequest } from '../executor/rollback.ts';
import type { Later } from '../executor/run-later.ts';
import { idempotencyKeyFaults } from './idempotency-key.ts';
import { parsed } from './parse.ts';
import { requestHash } from './request-hash.ts';

/** The body of a rollback; it may be left out. */
export const RollbackBody = z
  .strictObject({
    force: z.boolean().default(false).describe('Undo although the object was changed since'),
    reason: z.string().max(1_000).optional().describe('Kept in the record'),
    dry_run: z.boolean().default(false),
  })
  .meta({ id: 'RollbackBody' });

export function parseRollbackRequest(
  of: string,
  body: unknown,
  { idempotencyKey, later }: { idempotencyKey: string | undefined; later: Later | undefined },
): RollbackRequest {
  const { force, reason, dry_run } = parsed(
    RollbackBody,
    body === undefined ? {} : body,
    idempotencyKeyFaults(idempotencyKey),
  );
  return {
    of,
    force,
    reason,
    dryRun: dry_run,
    idempotencyKey,
    later,
    requestHash: requestHash({ rollback: of, force, reason: reason ?? null, dry_run }),
  };
}
