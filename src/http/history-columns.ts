import type { CsvValue } from './csv-line.ts';
import type { executionView } from './execution-view.ts';

type ExecutionView = ReturnType<typeof executionView>;

/** The columns of the history as CSV, in their order. New ones come at the end; see docs/operations.md. */
export const historyColumns: Record<string, (execution: ExecutionView) => CsvValue> = {
  action_id: ({ action_id }) => action_id,
  action: ({ action }) => action,
  status: ({ status }) => status,
  success: ({ success }) => success,
  changed: ({ changed }) => changed,
  dry_run: ({ dry_run }) => dry_run,
  message: ({ message }) => message,
  cluster: ({ cluster }) => cluster,
  target_kind: ({ target }) => target?.kind ?? null,
  target_namespace: ({ target }) => target?.namespace ?? null,
  target_name: ({ target }) => target?.name ?? null,
  parameters: ({ parameters }) => JSON.stringify(parameters),
  changes: ({ changes }) => changes.map(({ status, summary }) => `${status}: ${summary}`).join('\n'),
  warnings: ({ warnings }) => warnings.join('\n'),
  risk: ({ risk }) => risk.level,
  reason: ({ reason }) => reason,
  requested_by: ({ requested_by }) => requested_by,
  correlation_id: ({ correlation_id }) => correlation_id,
  workflow_id: ({ workflow_id }) => workflow_id,
  priority: ({ priority }) => priority,
  created_at: ({ created_at }) => created_at,
  started_at: ({ started_at }) => started_at,
  finished_at: ({ finished_at }) => finished_at,
  duration_ms: ({ duration_ms }) => duration_ms,
  error_code: ({ error }) => error?.code ?? null,
  error_message: ({ error }) => error?.message ?? null,
  undo_available: ({ undo }) => undo.available,
  rollback_of: ({ rollback_of }) => rollback_of,
  rolled_back_by: ({ rolled_back_by }) => rolled_back_by,
  resume_of: ({ resume_of }) => resume_of,
  trace_id: ({ trace_id }) => trace_id,
};
