import type { Execution } from '../database/execution-row.ts';
import { isTerminal } from '../database/execution-status.ts';
import { partsOf } from '../executor/record.ts';
import { isResumable } from '../executor/resume.ts';
import { undoOfExecution } from '../executor/undo-of-execution.ts';
import { targetView } from './target-view.ts';

/** An execution as every endpoint answers it. `kept`: for how long it can be undone. */
export function executionView(row: Execution, kept: { historyMs: number; now: Date }) {
  const parts = partsOf(row);
  const undo = undoOfExecution(row, kept);
  const endedAt = row.finishedAt ?? row.createdAt;
  const over = isTerminal(row.status);
  const self = `/api/v1/status/${encodeURIComponent(row.id)}`;
  const durationMs = row.finishedAt && row.startedAt ? row.finishedAt.getTime() - row.startedAt.getTime() : null;
  return {
    success: row.status === 'completed' || row.status === 'rolled_back',
    action_id: row.id,
    status: row.status,
    // Of a run that goes on, what holds it up says more than that it runs.
    message: (over || row.cancelRequestedAt ? '' : parts.progress?.message) || row.message,
    timestamp: endedAt.toISOString(),
    action: row.action,
    cluster: row.cluster,
    target: parts.target && targetView(parts.target),
    parameters: row.parameters,
    reason: row.reason,
    requested_by: row.requestedBy,
    approved_by: row.approvedBy,
    correlation_id: row.correlationId,
    workflow_id: row.workflowId,
    alert: row.alert,
    metadata: row.metadata,
    priority: row.priority,
    dry_run: row.dryRun,
    changed: row.changed,
    created_at: row.createdAt.toISOString(),
    started_at: row.startedAt?.toISOString() ?? null,
    finished_at: row.finishedAt?.toISOString() ?? null,
    deadline: row.deadline?.toISOString() ?? null,
    not_before: row.notBefore?.toISOString() ?? null,
    progress: parts.progress,
    changes: parts.changes.map((change) => ({ ...change, target: targetView(change.target) })),
    expectations: parts.expectations,
    warnings: row.warnings,
    result: row.result,
    risk: parts.risk,
    impact: parts.impact,
    verdicts: parts.verdicts,
    undo: {
      ...(undo.available
        ? { available: true, until: undo.until.toISOString(), reason: null }
        : { available: false, until: null, reason: undo.reason }),
      scheduled_at: row.scheduledUndo ? new Date(row.scheduledUndo.at).toISOString() : null,
      scheduled_by: row.scheduledUndo?.id ?? null,
    },
    rollback_of: row.rollbackOf,
    rolled_back_by: row.rolledBackBy,
    resume_of: row.resumeOf,
    orchestration_id: null,
    step_id: null,
    acknowledged: row.acknowledgedAt
      ? { at: row.acknowledgedAt.toISOString(), by: row.acknowledgedBy, reason: row.acknowledgeReason }
      : null,
    settled: row.settled,
    error: parts.error,
    duration_ms: durationMs,
    execution_time: durationMs === null ? null : durationMs * 1_000_000,
    trace_id: row.traceId,
    links: {
      self,
      ...(over ? {} : { cancel: `/api/v1/executions/${encodeURIComponent(row.id)}/cancel` }),
      ...(row.approvalId === null ? {} : { approval: `/api/v1/approvals/${encodeURIComponent(row.approvalId)}` }),
      ...(row.rollbackOf === null && isResumable(row)
        ? { resume: `/api/v1/executions/${encodeURIComponent(row.id)}/resume` }
        : {}),
      ...(undo.available ? { rollback: `/api/v1/executions/${encodeURIComponent(row.id)}/rollback` } : {}),
    },
  };
}
