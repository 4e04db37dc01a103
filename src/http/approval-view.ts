import type { Approval } from '../database/approvals.ts';
import type { Execution } from '../database/execution-row.ts';
import type { ChangeRecord } from '../executor/record.ts';
import { executionView } from './execution-view.ts';
import { targetView } from './target-view.ts';

/** An approval as every endpoint answers it; with its execution where that was asked for. */
export function approvalView(row: Approval & Pick<Execution, 'action'>) {
  const self = `/api/v1/approvals/${encodeURIComponent(row.id)}`;
  return {
    id: row.id,
    action_id: row.executionId,
    action: row.action,
    status: row.status,
    plan_hash: row.planHash,
    evaluation: { ...row.evaluation, changes: changesOf(row.evaluation).map(changeView) },
    requested_by: row.requestedBy,
    requested_at: row.requestedAt.toISOString(),
    expires_at: row.expiresAt.toISOString(),
    decided_by: row.decidedBy,
    decided_at: row.decidedAt?.toISOString() ?? null,
    comment: row.comment,
    links: {
      self,
      execution: `/api/v1/status/${encodeURIComponent(row.executionId)}`,
      ...(row.status === 'pending' ? { approve: `${self}/approve`, reject: `${self}/reject` } : {}),
    },
  };
}

/** One approval, whole. Its ETag is the hash of the plan: what If-Match takes. */
export function answerApproval(
  { approval, execution }: { approval: Approval; execution: Execution },
  kept: { historyMs: number; now: Date },
): Response {
  const view = {
    ...approvalView({ ...approval, action: execution.action }),
    execution: executionView(execution, kept),
  };
  const headers = { 'content-type': 'application/json', etag: `"${approval.planHash}"` };
  return new Response(JSON.stringify(view), { headers });
}

function changeView(change: ChangeRecord) {
  return { ...change, target: targetView(change.target) };
}

/** As the executor has written them; see executor/evaluation-of-plan.ts. */
function changesOf({ changes }: Approval['evaluation']): ChangeRecord[] {
  return changes as unknown as ChangeRecord[];
}
