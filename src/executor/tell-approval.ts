import type { Approval } from '../database/approvals.ts';
import type { Execution } from '../database/execution-row.ts';
import { describeReference } from '../kubernetes/describe-reference.ts';
import type { KubernetesObject } from '../kubernetes/object.ts';
import { type Permission, permissionFor } from '../kubernetes/permission.ts';
import type { ExecutorContext } from './context.ts';
import { partsOf } from './record.ts';

/** What telling of approvals asks of the API server. */
export const permissionsForApprovals: readonly Permission[] = [
  permissionFor({ apiVersion: 'v1', kind: 'Event' }, ['create']),
];

const patienceMs = 2_000;

/**
 * Tells the log, and whoever looks at the target, that an approval was asked for or decided. The record has been told before,
 * by the commit itself; a Kubernetes Event that can't be written holds nobody up.
 */
export async function tellApproval(context: ExecutorContext, approval: Approval, execution: Execution): Promise<void> {
  const { observer, cluster } = context;
  const { id, status, requestedBy, decidedBy, comment, expiresAt } = approval;
  const { target } = partsOf(execution);
  const what = `${execution.action} on ${target ? describeReference(target) : 'the cluster'}`;
  const said = sentences[status];
  observer.log(status === 'pending' || status === 'approved' ? 'info' : 'warn', `Approval of ${what} ${said}`, {
    approval_id: id,
    action_id: execution.id,
    status,
    expires_at: expiresAt.toISOString(),
    ...(requestedBy === null ? {} : { requested_by: requestedBy }),
    ...(decidedBy === null ? {} : { decided_by: decidedBy }),
    ...(comment === null ? {} : { comment }),
  });
  const event = eventOn(
    execution,
    approval,
    `${what}: approval ${said}${decidedBy === null ? '' : `, by ${decidedBy}`}`,
  );
  if (!event || cluster.circuit()) return;
  try {
    await cluster.create(event, { timeoutMs: patienceMs });
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    observer.log('warn', `No Kubernetes Event tells of approval ${id}: ${why}`, { approval_id: id });
  }
}

const sentences: Record<Approval['status'], string> = {
  pending: 'is asked for',
  approved: 'is given',
  rejected: 'is refused',
  expired: 'was not given in time',
  stale: 'is void',
};

const reasons: Record<Approval['status'], string> = {
  pending: 'ApprovalRequested',
  approved: 'ApprovalGiven',
  rejected: 'ApprovalRefused',
  expired: 'ApprovalExpired',
  stale: 'ApprovalVoid',
};

/** Next to the target; those about what is in no namespace are in `default`, as Kubernetes has it. */
function eventOn(execution: Execution, approval: Approval, message: string): KubernetesObject | undefined {
  const { target } = partsOf(execution);
  if (!target) return undefined;
  const { apiVersion, kind, namespace, name, uid } = target;
  const moment = approval.decidedAt ?? approval.requestedAt;
  const at = `${moment.toISOString().slice(0, 19)}Z`;
  return {
    apiVersion: 'v1',
    kind: 'Event',
    metadata: {
      name: `executor-approval-${approval.id}-${approval.status}`,
      namespace: namespace ?? 'default',
      annotations: { 'executor.kubernaut.io/action-id': execution.id },
    },
    involvedObject: { apiVersion, kind, ...(namespace ? { namespace } : {}), name, ...(uid ? { uid } : {}) },
    reason: reasons[approval.status],
    message: message.slice(0, 1_024),
    type: approval.status === 'approved' ? 'Normal' : 'Warning',
    source: { component: 'executor-service' },
    firstTimestamp: at,
    lastTimestamp: at,
    count: 1,
  };
}
