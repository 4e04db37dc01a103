import {
  isSpanContextValid,
  SpanStatusCode,
  trace,
  type Attributes,
  type Span,
  type SpanKind,
} from '@opentelemetry/api';
import { redactText } from './redact-text.ts';

/** What a span is called, and what it says; never a parameter's or a secret's value. */
export type SpanDescription = { name: string; kind?: SpanKind; attributes?: Attributes };

/** Whichever provider the runtime has registered, also later. */
const tracer = trace.getTracer('executor-service');

/** Runs the step inside a span of its own, which ends with it. What is thrown is noted on the span and thrown on. */
export async function withSpan<T>(description: SpanDescription, run: (span: Span) => Promise<T>): Promise<T> {
  const parent = trace.getActiveSpan();
  // Below a span that nobody records none is recorded: what happens there belongs to the request's own ids.
  if (parent && !parent.isRecording() && !parent.spanContext().isRemote) return await run(parent);
  const { name, ...options } = description;
  return tracer.startActiveSpan(name, options, async (span) => {
    try {
      return await run(span);
    } catch (error) {
      noteError(span, error);
      throw error;
    } finally {
      span.end();
    }
  });
}

/** The id of the trace under way, as answers and log lines carry it; undefined outside of one. */
export function traceId(): string | undefined {
  const context = trace.getActiveSpan()?.spanContext();
  return context && isSpanContextValid(context) ? context.traceId : undefined;
}

/** Marks the span as failed. The message may quote what was sent, so secrets are taken out. */
export function noteError(span: Span, error: unknown): void {
  if (!span.isRecording()) return;
  const name = error instanceof Error ? error.name : 'Error';
  const message = redactText(error instanceof Error ? error.message : String(error));
  span.recordException({
    name,
    message,
    ...(error instanceof Error && error.stack ? { stack: redactText(error.stack) } : {}),
  });
  span.setStatus({ code: SpanStatusCode.ERROR, message });
}
