import { Refusal } from '../actions/refusal.ts';
import type { Rights } from '../callers/rights.ts';
import { type Approval, findApproval } from '../database/approvals.ts';
import type { Execution } from '../database/execution-row.ts';
import { findExecution } from '../database/executions.ts';
import type { ExecutorContext } from '../executor/context.ts';
import { placeOf } from '../executor/permit.ts';

/** A question, and the execution that it is about. */
export interface Question {
  approval: Approval;
  execution: Execution;
}

/** The approval of that id, where there is one that the caller may see: as the execution that it is about. */
export async function findSeenApproval(
  { database }: Pick<ExecutorContext, 'database'>,
  rights: Rights,
  id: string,
): Promise<Question> {
  const approval = await findApproval(database, id);
  const execution = approval && (await findExecution(database, approval.executionId));
  // Asked also where there is none: how long a no takes must not tell whether there is one.
  const place = execution ? await placeOf({ database }, execution) : { action: id, namespace: undefined };
  const seen = await rights.may('get', place);
  if (!execution || !seen) throw new Refusal('approval_not_found', `There is no approval ${id}`);
  return { approval, execution };
}
