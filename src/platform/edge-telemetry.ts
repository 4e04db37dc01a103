import { context, propagation, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { W3CTraceContextPropagator } from '@opentelemetry/core';
import { AlwaysOffSampler, TracerProvider } from '@opentelemetry/sdk-trace';

/**
 * Spans have ids, those of the caller's trace where it sends a `traceparent`: answers and log lines carry them, and calls
 * pass them on. Nothing is recorded or exported. Safe to repeat.
 */
export function startEdgeTelemetry(): void {
  if (started) return;
  started = true;
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  propagation.setGlobalPropagator(new W3CTraceContextPropagator());
  trace.setGlobalTracerProvider(new TracerProvider({ sampler: new AlwaysOffSampler() }));
}

/** OpenTelemetry's globals are the isolate's, which serves many requests. */
let started = false;
