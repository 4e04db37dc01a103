import { Refusal } from '../actions/refusal.ts';
import { tellAudit } from '../database/audit.ts';
import type { ExecutorContext } from './context.ts';
import type { RunTerms } from './new-execution.ts';

/**
 * Tells the audit of a request that a rule or a stop has denied, of which no row is kept. Throws where that can't be done:
 * then the caller is told that, because no decision stands without its entry.
 */
export async function tellDenial(
  { database, cluster }: Pick<ExecutorContext, 'database' | 'cluster'>,
  error: unknown,
  { id, terms }: { id: string; terms: Pick<RunTerms, 'requestedBy' | 'dryRun' | 'correlationId'> },
): Promise<void> {
  if (!(error instanceof Refusal) || !error.details.denied) return;
  const { action, target, verdicts } = error.details.denied;
  await tellAudit(database, {
    type: 'request.denied',
    cluster: cluster.name,
    namespace: target?.namespace,
    executionId: id,
    by: terms.requestedBy,
    data: {
      message: error.message,
      error: error.code,
      action,
      ...(target ? { kind: target.kind, name: target.name } : {}),
      dry_run: terms.dryRun,
      ...(terms.correlationId === undefined ? {} : { correlation_id: terms.correlationId }),
      verdicts: verdicts.map(({ rule, verdict, reason }) => ({ rule, verdict, reason })),
    },
  });
}
