import { SpanKind, trace } from '@opentelemetry/api';
import {
  ATTR_DB_OPERATION_NAME,
  ATTR_DB_QUERY_SUMMARY,
  ATTR_DB_SYSTEM_NAME,
  DB_SYSTEM_NAME_VALUE_POSTGRESQL,
} from '@opentelemetry/semantic-conventions';
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
          attributes: {
            [ATTR_DB_SYSTEM_NAME]: DB_SYSTEM_NAME_VALUE_POSTGRESQL,
            [ATTR_DB_OPERATION_NAME]: name,
            [ATTR_DB_QUERY_SUMMARY]: name,
          },
        },
        run,
      );
    } finally {
      metrics.databaseQueryDuration.record((performance.now() - startedMs) / 1000, { query: name });
    }
  };
}
