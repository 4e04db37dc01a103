import { plan as planOf, type Plan } from '../changes/plan.ts';
import type { NewExecution } from '../database/claim.ts';
import type { Execution } from '../database/execution-row.ts';
import type { Finish } from '../database/finish.ts';
import { formatDuration } from '../text/duration.ts';
import type { ExecutorContext } from './context.ts';
import { changeRecordsOf, expectationRecordsOf, jsonOf } from './record.ts';

/** What is to undo a run that is over, later and by itself, and the line that says so. */
export interface ScheduledUndoPlan {
  warning: string;
  scheduled?: NonNullable<Finish['scheduled']>;
}

/**
 * The execution that takes back what was asked to last for a while only: asked for by the same caller, planned anew when
 * it is due. Undefined where the plan says nothing of the kind.
 */
export function scheduledUndo(context: ExecutorContext, run: Execution, plan: Plan): ScheduledUndoPlan | undefined {
  const { undo, undoAfterMs } = plan;
  if (undoAfterMs === undefined) return undefined;
  const lasting = formatDuration(undoAfterMs);
  if ('reason' in undo) return { warning: `It is not undone by itself after ${lasting}: ${undo.reason}` };
  const row = queuedRollback(context, run, planOf({ changes: undo.changes, expect: undo.expectations }), lasting);
  return {
    warning: `It is undone by itself ${lasting} after its end, by execution ${row.id}`,
    scheduled: { row, afterMs: undoAfterMs },
  };
}

function queuedRollback(context: ExecutorContext, run: Execution, plan: Plan, lasting: string): NewExecution {
  const { cluster, namespace, kind, name, target, workflowId, correlationId, requestedBy, priority, risk } = run;
  return {
    id: context.newId(),
    idempotencyKey: null,
    requestHash: null,
    action: 'rollback',
    status: 'queued',
    dryRun: false,
    cluster,
    namespace,
    kind,
    name,
    target,
    parameters: { force: false },
    alert: null,
    metadata: null,
    workflowId,
    correlationId,
    requestedBy,
    reason: `${run.action} (execution ${run.id}) was to last ${lasting}`,
    priority,
    plan: jsonOf(plan),
    changes: jsonOf(changeRecordsOf(plan, cluster)),
    expectations: jsonOf(expectationRecordsOf(plan, false)),
    verdicts: [],
    risk,
    impact: null,
    progress: null,
    warnings: [],
    result: null,
    message: `Waits to undo ${run.action}, execution ${run.id}`,
    changed: false,
    rollbackOf: run.id,
    resumeOf: null,
    traceId: null,
    timeoutMs: run.timeoutMs,
    holder: null,
    // Who has agreed to the run has agreed that it ends.
    ...(run.approvedBy === null ? {} : { approvalId: run.approvalId, approvedBy: run.approvedBy }),
  };
}
