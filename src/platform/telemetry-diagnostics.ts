import { diag, DiagLogLevel } from '@opentelemetry/api';
import type { Logger } from '../telemetry/logger.ts';

const quietMs = 60_000;

/**
 * OpenTelemetry's own complaints as log lines of ours; by itself it would write to the console between them. One a minute of
 * each kind: a collector that is down is one fact, and a line that is exported as well must not bring forth the next.
 */
export function logDiagnostics(log: Logger, now: () => number = () => performance.now()): void {
  const last = new Map<string, number>();
  const complain =
    (level: 'warn' | 'error') =>
    (message: string, ...details: unknown[]) => {
      const since = last.get(level);
      if (since !== undefined && now() - since < quietMs) return;
      last.set(level, now());
      log[level]('OpenTelemetry has a problem; at most one such line a minute is written', {
        problem: shorten(message),
        details: details.map(shorten),
      });
    };
  const silent = () => {};
  const logger = { error: complain('error'), warn: complain('warn'), info: silent, debug: silent, verbose: silent };
  diag.setLogger(logger, { logLevel: DiagLogLevel.WARN, suppressOverrideMessage: true });
}

function shorten(detail: unknown): string {
  return (
    detail instanceof Error ? detail.message : typeof detail === 'string' ? detail : JSON.stringify(detail)
  ).slice(0, 500);
}
