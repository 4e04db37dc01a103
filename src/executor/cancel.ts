import { Refusal } from '../actions/refusal.ts';
import { requestCancel } from '../database/cancel.ts';
import { isTerminal } from '../database/execution-status.ts';
import { findExecution } from '../database/executions.ts';
import type { Rights } from '../callers/rights.ts';
import type { ExecutorContext } from './context.ts';
import type { ExecuteAnswer } from './execute.ts';
import { refusalOf } from './failure.ts';
import { findAllowed } from './permit.ts';

export interface CancelRequest {
  id: string;
  reason: string | undefined;
}

/**
 * Asks that a run end before it is through; the replica that carries it out does so within a second. A second time is
 * the same as once. Throws a Refusal where there is no such run, or where it ended otherwise.
 */
export async function cancel(
  context: ExecutorContext,
  { id, reason }: CancelRequest,
  rights: Rights,
): Promise<ExecuteAnswer> {
  const { database, now } = context;
  try {
    await findAllowed(context, rights, id);
    const asked = await requestCancel(database, { id, reason: withName(rights, reason) });
    const execution = await findExecution(database, id);
    if (!execution) throw new Refusal('execution_not_found', `There is no execution ${id}`);
    const ended = isTerminal(execution.status);
    if (!asked && execution.status !== 'cancelled') {
      throw new Refusal(
        'conflict',
        `Execution ${id} is over already (${execution.status}): there is nothing to cancel`,
        {
          actionId: id,
          hint: `POST /api/v1/executions/${encodeURIComponent(id)}/rollback takes back what it did, where that can be`,
        },
      );
    }
    return { state: ended ? 'ended' : 'under_way', execution, replayed: false };
  } catch (error) {
    throw refusalOf(error, now());
  }
}

/** Who it was goes with the reason, wherever that is told. */
function withName({ name }: Rights, reason: string | undefined): string | undefined {
  if (name === undefined) return reason;
  return reason === undefined ? `by ${name}` : `${reason} (by ${name})`;
}
