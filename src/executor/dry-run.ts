import { changeKind, changesOf } from '../changes/change-kinds.ts';
import { isKubernetesError, type KubernetesError } from '../kubernetes/errors.ts';
import { formatDuration } from '../text/duration.ts';
import type { ExecutorContext } from './context.ts';
import { errorRecordOf } from './failure.ts';
import type { Prepared } from './prepare.ts';
import { type ChangeRecord, changeRecordsOf, type ErrorRecord } from './record.ts';

export interface DryRunOutcome {
  status: 'completed' | 'failed';
  message: string;
  changes: ChangeRecord[];
  warnings: string[];
  error?: ErrorRecord;
}

/** Has the API server check every change with `dryRun=All`, and stores nothing. What can't be checked so says it. */
export async function dryRun(
  context: ExecutorContext,
  { plan }: Prepared,
  signal: AbortSignal,
): Promise<DryRunOutcome> {
  const records = changeRecordsOf(plan, context.cluster.name);
  const warnings: string[] =
    plan.undoAfterMs === undefined ? [] : [`It would be undone by itself after ${formatDuration(plan.undoAfterMs)}`];
  let error: ErrorRecord | undefined;
  for (const [index, change] of changesOf(plan.changes).entries()) {
    const record = records[index];
    if (!record) continue;
    const kind = changeKind(change);
    if (kind.isNoOp(change)) {
      record.status = 'skipped';
      continue;
    }
    try {
      const { cluster, settings } = context;
      const sent = await kind.send(change, { cluster, dryRun: true, signal, timeoutMs: settings.kubernetes.timeoutMs });
      record.verified = !sent.notVerified;
    } catch (failure) {
      if (!isKubernetesError(failure) || isUnanswered(failure)) throw failure;
      const by = failure.reason === 'tooManyRequests' ? kind.heldBackBy?.(change, failure) : undefined;
      if (by !== undefined) {
        record.verified = true;
        warnings.push(`Would have to wait: ${record.summary}, blocked by ${by}`);
        continue;
      }
      if (isWebhookWithSideEffects(failure.message)) {
        record.verified = false;
        warnings.push(`Not verified: ${record.summary} (${failure.message})`);
        continue;
      }
      record.status = 'failed';
      error ??= errorRecordOf(failure);
    }
  }
  const unverified = records.filter(({ verified }) => verified === false).length;
  const said = records.map(({ summary }) => summary).join('; ') || 'nothing to change';
  return {
    status: error ? 'failed' : 'completed',
    message: error
      ? `Dry run: the API server would refuse: ${error.message}`
      : `Dry run, nothing was changed: ${said}${unverified > 0 ? ` (${unverified} of ${records.length} not verified)` : ''}`,
    changes: records,
    warnings,
    ...(error ? { error } : {}),
  };
}

/** Nobody has checked anything: that is no outcome, and the caller comes back later. */
function isUnanswered({ status, reason }: KubernetesError): boolean {
  return status === undefined && ['unreachable', 'interrupted', 'circuitOpen', 'aborted'].includes(reason);
}

/** The API server refuses to dry-run through a webhook that has effects of its own, whatever the change. */
function isWebhookWithSideEffects(message: string): boolean {
  return /webhook.*(side effects|does not support dry run)/i.test(message);
}
