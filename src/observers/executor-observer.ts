import type { ExecutorObserver } from '../executor/context.ts';
import type { Logger } from '../telemetry/logger.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import { traceId, withSpan } from '../telemetry/tracing.ts';

/** Spans and durations of the phases, counts of outcomes, and a log line for each execution that ended. */
export function executorObserver(metrics: Metrics, log: Logger): ExecutorObserver {
  return {
    async phase(name, run) {
      const startedMs = performance.now();
      try {
        return await withSpan({ name }, run);
      } finally {
        metrics.phaseDuration.record((performance.now() - startedMs) / 1000, { phase: name });
      }
    },
    finished(execution) {
      const { action, status, namespace, kind, name, dryRun, startedAt, finishedAt } = execution;
      const durationMs = startedAt && finishedAt ? finishedAt.getTime() - startedAt.getTime() : 0;
      metrics.executions.add({ action, status, namespace: namespace ?? '', dry_run: dryRun });
      metrics.executionDuration.record(durationMs / 1000, { action, status });
      log[status === 'completed' ? 'info' : 'warn'](`${action} ${status}: ${execution.message}`, {
        action_id: execution.id,
        action,
        status,
        cluster: execution.cluster,
        ...(name ? { namespace, kind, name } : {}),
        ...(dryRun ? { dry_run: true } : {}),
        changed: execution.changed,
        duration_ms: durationMs,
        ...(execution.requestedBy ? { requested_by: execution.requestedBy } : {}),
        ...(execution.correlationId ? { correlation_id: execution.correlationId } : {}),
      });
    },
    verdict: (rule, verdict) => metrics.ruleVerdicts.add({ rule, verdict }),
    lease: (outcome) => metrics.leaseRenewals.add({ outcome }),
    settled: (outcome) => metrics.settled.add({ outcome }),
    log: (level, message, fields) => log[level](message, fields),
    traceId,
  };
}
