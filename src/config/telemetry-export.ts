import type { Environment } from './environment.ts';

/** Which signals OpenTelemetry's own variables ask to be exported; what else they say about it, the SDK reads itself. */
export type TelemetryExport = { traces: boolean; logs: boolean; metrics: MetricsExport | undefined };

/** The SDK leaves metrics to us, because they are scraped as well. */
export type MetricsExport = { exporters: string[]; protocol: string; intervalMs: number; timeoutMs: number };

/**
 * A signal is exported when its exporter is named (`OTEL_TRACES_EXPORTER=otlp`), or when none is named and there is an
 * endpoint. Without either nothing is: the standard's default, localhost:4318, would mean an error a minute on most machines.
 */
export function telemetryExport(env: Environment): TelemetryExport {
  if (env.OTEL_SDK_DISABLED?.toLowerCase() === 'true') return { traces: false, logs: false, metrics: undefined };
  const exporters = exportersOf('METRICS', env).filter((exporter) => exporter !== 'prometheus');
  return {
    traces: exportersOf('TRACES', env).length > 0,
    logs: exportersOf('LOGS', env).length > 0,
    metrics: exporters.length > 0 ? metricsExport(exporters, env) : undefined,
  };
}

function exportersOf(signal: string, env: Environment): string[] {
  const named = env[`OTEL_${signal}_EXPORTER`];
  const endpoint = env.OTEL_EXPORTER_OTLP_ENDPOINT || env[`OTEL_EXPORTER_OTLP_${signal}_ENDPOINT`];
  const names = (named || (endpoint ? 'otlp' : '')).split(',').map((name) => name.trim());
  return names.includes('none') ? [] : names.filter((name) => name !== '');
}

function metricsExport(exporters: string[], env: Environment): MetricsExport {
  const protocol = env.OTEL_EXPORTER_OTLP_METRICS_PROTOCOL || env.OTEL_EXPORTER_OTLP_PROTOCOL || 'http/protobuf';
  const intervalMs = positive(env.OTEL_METRIC_EXPORT_INTERVAL) ?? 60_000;
  const timeoutMs = Math.min(positive(env.OTEL_METRIC_EXPORT_TIMEOUT) ?? 30_000, intervalMs);
  return { exporters, protocol: protocol.trim(), intervalMs, timeoutMs };
}

function positive(text: string | undefined): number | undefined {
  const value = Number(text);
  return text && Number.isSafeInteger(value) && value > 0 ? value : undefined;
}
