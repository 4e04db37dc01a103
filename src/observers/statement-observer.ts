import { SpanKind, trace } from '@opentelemetry/api';
import type { StatementObserver } from '../database/connect.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import { withSpan } from '../telemetry/tracing.ts';

/** A span and a duration for each SQL statement, under its fixed name; never its text or values. */
export function statementObserver(metrics: Metrics): StatementObserver {
  return async (name, run) => {
    const startedMs = performance.now();
    try {
      // Outside of a request or a settlement there is nothing to tell of but the loop's empty looks, one a second.
      if (!trace.getActiveSpan()) return await run();
      return await withSpan(
        {
          name,
          kind: SpanKind.CLIENT,
          attributes: { 'db.system.name': 'postgresql', 'db.operation.name': name, 'db.query.summary': name },
        },
        run,
      );
    } finally {
      metrics.databaseQueryDuration.record((performance.now() - startedMs) / 1000, { query: name });
    }
  };
}
