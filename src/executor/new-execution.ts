import { isNoOp } from '../changes/plan.ts';
import type { NewExecution } from '../database/claim.ts';
import type { Execution } from '../database/execution-row.ts';
import type { ExecutorContext } from './context.ts';
import type { Prepared } from './prepare.ts';
import { changeRecordsOf, expectationRecordsOf, jsonObjectOf, jsonOf, targetRecordOf } from './record.ts';
import type { ExecuteRequest } from './request.ts';

/** What a request says about the run itself, whatever the action. */
export type RunTerms = Pick<
  ExecuteRequest,
  | 'dryRun'
  | 'timeoutMs'
  | 'priority'
  | 'correlationId'
  | 'workflowId'
  | 'metadata'
  | 'idempotencyKey'
  | 'requestHash'
  | 'requestedBy'
  | 'alertRecord'
> & {
  /** The execution that this one goes on with. */
  resumeOf?: string | undefined;
};

/** The row of a run that has not begun: all changes pending, no expectation met. */
export function newExecution(context: ExecutorContext, id: string, prepared: Prepared, terms: RunTerms): NewExecution {
  const { cluster, settings, holder, observer } = context;
  const { target, plan } = prepared;
  const noOp = isNoOp(plan);
  const changes = changeRecordsOf(plan, cluster.name);
  return {
    id,
    idempotencyKey: terms.idempotencyKey ?? null,
    requestHash: terms.requestHash,
    action: prepared.action,
    status: 'running',
    dryRun: terms.dryRun,
    cluster: cluster.name,
    namespace: target?.namespace ?? null,
    kind: target?.kind ?? null,
    name: target?.name ?? null,
    target: target ? jsonOf(targetRecordOf(target, cluster.name)) : null,
    parameters: jsonObjectOf(prepared.parameters),
    alert: terms.alertRecord ?? null,
    metadata: terms.metadata ?? null,
    workflowId: terms.workflowId ?? null,
    correlationId: terms.correlationId ?? null,
    requestedBy: terms.requestedBy ?? null,
    reason: prepared.reason ?? null,
    priority: terms.priority,
    plan: jsonOf(plan),
    changes: jsonOf(noOp ? changes.map((change) => ({ ...change, status: 'skipped' })) : changes),
    expectations: jsonOf(expectationRecordsOf(plan, false)),
    verdicts: jsonOf(prepared.verdicts),
    risk: jsonOf(prepared.risk),
    impact: prepared.impact ? jsonOf(prepared.impact) : null,
    progress: null,
    warnings: plan.warnings,
    result: plan.result ?? null,
    message: 'Running',
    changed: false,
    rollbackOf: prepared.rollbackOf ?? null,
    resumeOf: terms.resumeOf ?? null,
    traceId: observer.traceId() ?? null,
    timeoutMs: terms.timeoutMs ?? settings.actions.executionTimeoutMs,
    holder,
  };
}

/** The columns that a claim leaves empty. */
export const unclaimed = {
  fence: null,
  leaseUntil: null,
  deadline: null,
  finishedAt: null,
  rolledBackBy: null,
  cancelRequestedAt: null,
  cancelReason: null,
  cancelCode: null,
  settled: null,
  error: null,
  notBefore: null,
  attempts: null,
  dueAt: null,
  waitsFor: null,
  lockKeys: null,
  acknowledgedAt: null,
  acknowledgedBy: null,
  acknowledgeReason: null,
  approvalId: null,
  approvedHash: null,
  approvedBy: null,
  scheduledUndo: null,
} satisfies Partial<Execution>;
