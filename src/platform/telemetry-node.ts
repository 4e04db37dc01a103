import { context, logs, metrics, propagation, trace, type Meter } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { CompositePropagator, W3CBaggagePropagator, W3CTraceContextPropagator } from '@opentelemetry/core';
import { PrometheusExporter, PrometheusSerializer } from '@opentelemetry/exporter-prometheus';
import { defaultResource, resourceFromAttributes } from '@opentelemetry/resources';
import { MeterProvider } from '@opentelemetry/sdk-metrics';
import { AlwaysOffSampler, TracerProvider } from '@opentelemetry/sdk-trace';
import type { Config } from '../config/config.ts';
import type { Logger } from '../telemetry/logger.ts';
import { logDiagnostics } from './telemetry-diagnostics.ts';

/** Telemetry under way. Spans and logs go through OpenTelemetry's API; metrics through the meter. */
export type Telemetry = {
  /** Of a provider that forgets everything where metrics are switched off. */
  meter: Meter;
  /** The metrics in Prometheus' text format; empty where they are switched off. What can't be read is left out, and logged. */
  metricsText(): Promise<string>;
  /** Sends what is still waiting to be exported, for at most `timeoutMs`. */
  shutdown(timeoutMs?: number): Promise<void>;
};

export type TelemetryOptions = {
  config: Pick<Config, 'monitoring' | 'telemetry'>;
  version: string;
  /** Of this process: two replicas differ in it. */
  instanceId: string;
  log: Logger;
};

/**
 * Starts OpenTelemetry for this process, before anything else makes a span or a metric. Where the OTEL_ variables ask for an
 * export, that is the whole SDK with its exporters, loaded only then: it costs tens of megabytes. Otherwise spans have ids, which
 * answers and log lines carry and calls pass on, but nothing is recorded.
 */
export async function startTelemetry(options: TelemetryOptions): Promise<Telemetry> {
  const { config, log } = options;
  const { enableMetrics, enableTracing } = config.monitoring;
  const asked = {
    traces: config.telemetry.traces && enableTracing,
    metrics: enableMetrics ? config.telemetry.metrics : undefined,
    logs: config.telemetry.logs,
  };
  // Without its own server: /metrics is a route of ours.
  const scrape = enableMetrics ? new PrometheusExporter({ preventServerStart: true }) : undefined;
  const resource = defaultResource().merge(
    resourceFromAttributes({
      'service.name': 'executor-service',
      'service.version': options.version,
      'service.instance.id': options.instanceId,
    }),
  );

  const exporting = asked.traces || asked.logs || asked.metrics !== undefined;
  const stop = exporting ? await startExports({ asked, scrape, resource }) : startWithoutExports({ scrape, resource });
  // After the start, which sets a console logger of its own.
  logDiagnostics(log);
  if (!asked.traces) trace.setGlobalTracerProvider(new TracerProvider({ sampler: new AlwaysOffSampler() }));
  if (exporting)
    log.info('Telemetry is exported as the OTEL_ variables say', {
      traces: asked.traces,
      metrics: asked.metrics !== undefined,
      logs: asked.logs,
    });

  const serializer = new PrometheusSerializer(undefined, false, undefined, true, true);
  return {
    meter: metrics.getMeter('executor-service'),
    async metricsText() {
      if (!scrape) return '';
      const { resourceMetrics, errors } = await scrape.collect({ timeoutMillis: 5_000 });
      for (const error of errors) log.warn('Some metrics could not be read', { error });
      return serializer.serialize(resourceMetrics);
    },
    async shutdown(timeoutMs = 5_000) {
      const deadline = AbortSignal.timeout(timeoutMs);
      const late = new Promise<void>((_, reject) =>
        deadline.addEventListener('abort', () => reject(deadline.reason), { once: true }),
      );
      const failure = await Promise.race([stop(), late]).catch((error: unknown) => ({ error }));
      // A provider that was shut down complains about each further line.
      logs.disable();
      if (failure) log.warn('Some telemetry was not exported', failure);
    },
  };
}

function startWithoutExports({ scrape, resource }: Pick<Parts, 'scrape' | 'resource'>): () => Promise<void> {
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  propagation.setGlobalPropagator(
    new CompositePropagator({ propagators: [new W3CTraceContextPropagator(), new W3CBaggagePropagator()] }),
  );
  const provider = scrape ? new MeterProvider({ resource, readers: [scrape] }) : undefined;
  if (provider) metrics.setGlobalMeterProvider(provider);
  return async () => provider?.shutdown();
}

type Parts = {
  asked: Config['telemetry'];
  scrape: PrometheusExporter | undefined;
  resource: ReturnType<typeof defaultResource>;
};

async function startExports(parts: Parts): Promise<() => Promise<void>> {
  const { startExportingSdk } = await import('./telemetry-export.ts');
  return startExportingSdk(parts);
}
