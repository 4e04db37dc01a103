import { context, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import {
  InMemorySpanExporter,
  type ReadableSpan,
  SamplingDecision,
  SimpleSpanProcessor,
  TracerProvider,
} from '@opentelemetry/sdk-trace';

/**
 * A tracer keeps the provider that it first met, and the files of a worker share their tracers: so there is one for all of them,
 * that records while a file wants it to.
 */
let recording = false;
let exporter: InMemorySpanExporter | undefined;

/** Records the spans of this process until `stop`. */
export function recordSpans(): { finished(): ReadableSpan[]; stop(): void } {
  const spans = (exporter ??= openExporter());
  spans.reset();
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  recording = true;
  return {
    finished: () => spans.getFinishedSpans(),
    stop() {
      recording = false;
      context.disable();
      spans.reset();
    },
  };
}

function openExporter(): InMemorySpanExporter {
  const opened = new InMemorySpanExporter();
  const whileWanted = {
    shouldSample: () => ({
      decision: recording ? SamplingDecision.RECORD_AND_SAMPLED : SamplingDecision.NOT_RECORD,
    }),
    toString: () => 'while wanted',
  };
  const spanProcessors = [new SimpleSpanProcessor({ exporter: opened })];
  trace.setGlobalTracerProvider(new TracerProvider({ sampler: whileWanted, spanProcessors }));
  return opened;
}
