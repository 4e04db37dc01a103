import type { Execution } from '../database/execution-row.ts';
import { partsOf } from './record.ts';
import type { AlertSource, ExecuteRequest } from './request.ts';

/** The request that an execution was made from, so that it can be planned anew: by name, as it came. */
export function requestOf(execution: Execution): ExecuteRequest {
  const { action, parameters, reason, alert, dryRun, timeoutMs, priority } = execution;
  const { target } = partsOf(execution);
  return {
    action,
    parameters: { ...parameters, ...(reason === null ? {} : { reason }) },
    parametersPointer: '/parameters',
    target: target
      ? { apiVersion: target.apiVersion, kind: target.kind, namespace: target.namespace, name: target.name }
      : undefined,
    alert: alert ? alertOf(alert) : undefined,
    alertRecord: alert ?? undefined,
    dryRun,
    timeoutMs,
    priority,
    correlationId: execution.correlationId ?? undefined,
    workflowId: execution.workflowId ?? undefined,
    metadata: execution.metadata ?? undefined,
    requestHash: execution.requestHash ?? '',
    requestedBy: execution.requestedBy ?? undefined,
  };
}

/** An alert is stored as it was parsed. */
function alertOf(alert: object): AlertSource {
  return alert as AlertSource;
}
