import { context, propagation, SpanKind } from '@opentelemetry/api';
import {
  ATTR_HTTP_REQUEST_METHOD,
  ATTR_HTTP_REQUEST_RESEND_COUNT,
  ATTR_HTTP_RESPONSE_STATUS_CODE,
  ATTR_URL_FULL,
} from '@opentelemetry/semantic-conventions';
import type { TransportCall, TransportObserver } from '../kubernetes/transport-observer.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import { noteError, withSpan } from '../telemetry/tracing.ts';

/** A span, a count and a duration for each attempt to call the API server; the trace goes on in the call's headers. */
export function kubernetesObserver(metrics: Metrics): TransportObserver {
  return async (call, send) => {
    const startedMs = performance.now();
    const resource = call.subresource ? `${call.resource}/${call.subresource}` : call.resource;
    let code = 'error';
    try {
      return await withSpan(
        { name: `${call.verb} ${resource}`, kind: SpanKind.CLIENT, attributes: attributesOf(call) },
        async (span) => {
          const headers: Record<string, string> = {};
          propagation.inject(context.active(), headers);
          const outcome = await send(headers);
          code = String(outcome.status);
          span.setAttribute(ATTR_HTTP_RESPONSE_STATUS_CODE, outcome.status);
          if (outcome.error) noteError(span, outcome.error);
          return outcome;
        },
      );
    } finally {
      metrics.kubernetesRequests.add({ verb: call.verb, resource, code });
      metrics.kubernetesRequestDuration.record((performance.now() - startedMs) / 1000, { verb: call.verb });
    }
  };
}

function attributesOf(call: TransportCall): Record<string, string | number> {
  return {
    [ATTR_HTTP_REQUEST_METHOD]: call.method,
    [ATTR_URL_FULL]: call.url,
    'k8s.cluster.name': call.cluster,
    'k8s.api.verb': call.verb,
    'k8s.api.resource': call.resource,
    ...(call.subresource ? { 'k8s.api.subresource': call.subresource } : {}),
    ...(call.namespace ? { 'k8s.namespace.name': call.namespace } : {}),
    ...(call.attempt > 1 ? { [ATTR_HTTP_REQUEST_RESEND_COUNT]: call.attempt - 1 } : {}),
  };
}
