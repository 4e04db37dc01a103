import { serviceNameEnvDetector, type Resource } from '@opentelemetry/resources';
import {
  ConsoleMetricExporter,
  PeriodicExportingMetricReader,
  type IMetricReader,
  type PushMetricExporter,
} from '@opentelemetry/sdk-metrics';
import { startNodeSdk } from '@opentelemetry/sdk-node';
import type { MetricsExport, TelemetryExport } from '../config/telemetry-export.ts';

/**
 * Starts OpenTelemetry's SDK with the exporters that its variables name. Everything in it follows those variables (sampler,
 * endpoint, headers, batches, attributes of the resource); this adds our resource, and `/metrics` as one more reader.
 */
export async function startExportingSdk(parts: {
  asked: TelemetryExport;
  scrape: IMetricReader | undefined;
  resource: Resource;
}): Promise<() => Promise<void>> {
  const { asked, scrape, resource } = parts;
  const pushed = asked.metrics ? await pushReaders(asked.metrics) : [];
  const sdk = startNodeSdk({
    baseResource: resource,
    // The others put the command line and the host's name into every span.
    resourceDetectors: [serviceNameEnvDetector],
    metricReaders: scrape ? [scrape, ...pushed] : pushed,
    // No list leaves the choice to the variables; an empty one is none.
    ...(asked.traces ? {} : { spanProcessors: [] }),
    ...(asked.logs ? {} : { logRecordProcessors: [] }),
  });
  return () => sdk.shutdown();
}

/** The SDK makes these itself only where it is given no reader, and it is given ours. */
async function pushReaders(wanted: MetricsExport): Promise<IMetricReader[]> {
  const exporters: PushMetricExporter[] = [];
  if (wanted.exporters.includes('console')) exporters.push(new ConsoleMetricExporter());
  if (wanted.exporters.includes('otlp')) exporters.push(await otlpExporter(wanted.protocol));
  return exporters.map(
    (exporter) =>
      new PeriodicExportingMetricReader({
        exporter,
        exportIntervalMillis: wanted.intervalMs,
        exportTimeoutMillis: wanted.timeoutMs,
      }),
  );
}

async function otlpExporter(protocol: string): Promise<PushMetricExporter> {
  if (protocol === 'grpc') return new (await import('@opentelemetry/exporter-metrics-otlp-grpc')).OTLPMetricExporter();
  if (protocol === 'http/json')
    return new (await import('@opentelemetry/exporter-metrics-otlp-http')).OTLPMetricExporter();
  return new (await import('@opentelemetry/exporter-metrics-otlp-proto')).OTLPMetricExporter();
}
