import { endExpired, findApproval } from '../database/approvals.ts';
import { findExecution } from '../database/executions.ts';
import type { ExecutorContext } from './context.ts';
import { tellApproval } from './tell-approval.ts';

const mostAtOnce = 50;

/** Ends what nobody has agreed to in time: that is a no. The database tells which, so that replicas agree on the time. */
export async function expireApprovals(context: ExecutorContext): Promise<void> {
  const { database, cluster, observer } = context;
  for (const id of await endExpired(database, cluster.name, mostAtOnce)) {
    const approval = await findApproval(database, id);
    const execution = approval && (await findExecution(database, approval.executionId));
    if (!execution) continue;
    observer.finished(execution);
    await tellApproval(context, approval, execution);
  }
}
