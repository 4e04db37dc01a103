import { Refusal } from '../actions/refusal.ts';
import type { Rights } from '../callers/rights.ts';
import { acknowledgeFailure } from '../database/acknowledge.ts';
import type { Execution } from '../database/execution-row.ts';
import { findExecution } from '../database/executions.ts';
import type { ExecutorContext } from './context.ts';
import { refusalOf } from './failure.ts';
import { findAllowed } from './permit.ts';

export interface AcknowledgeRequest {
  id: string;
  reason: string | undefined;
}

/**
 * Somebody has looked at why an execution failed: its failure, and those before it, no longer hold its action back on that
 * target. A second time is the same as once. Throws a Refusal where there is no such execution, or where it did not fail.
 */
export async function acknowledge(
  context: ExecutorContext,
  request: AcknowledgeRequest,
  rights: Rights,
): Promise<Execution> {
  const { database, now } = context;
  const { id } = request;
  try {
    await findAllowed(context, rights, id);
    await acknowledgeFailure(database, { ...request, by: rights.name });
    const execution = await findExecution(database, id);
    if (!execution) throw new Refusal('execution_not_found', `There is no execution ${id}`);
    if (execution.acknowledgedAt) return execution;
    const why = execution.dryRun ? 'it was a dry run' : `it is ${execution.status}`;
    throw new Refusal('conflict', `Execution ${id} has no failure to acknowledge: ${why}`, {
      actionId: id,
      hint: 'Only what has failed or timed out holds its action back on its target',
    });
  } catch (error) {
    throw refusalOf(error, now());
  }
}
