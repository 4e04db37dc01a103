import { context, propagation, SpanKind, SpanStatusCode } from '@opentelemetry/api';
import {
  ATTR_HTTP_REQUEST_METHOD,
  ATTR_HTTP_RESPONSE_STATUS_CODE,
  ATTR_HTTP_ROUTE,
  ATTR_URL_PATH,
} from '@opentelemetry/semantic-conventions';
import type { RequestObserver } from '../http/runtime.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import { withSpan } from '../telemetry/tracing.ts';

/** A span and a duration for each HTTP request; the caller's `traceparent` is its parent. */
export function requestObserver(metrics: Metrics): RequestObserver {
  return async (request, route, handle) => {
    const startedMs = performance.now();
    const { method, headers, url } = request;
    const parent = propagation.extract(context.active(), headers, {
      get: (carrier, key) => carrier.get(key) ?? undefined,
      keys: (carrier) => [...carrier.keys()],
    });
    return await context.with(parent, () =>
      withSpan(
        {
          name: method,
          kind: SpanKind.SERVER,
          attributes: { [ATTR_HTTP_REQUEST_METHOD]: method, [ATTR_URL_PATH]: new URL(url).pathname },
        },
        async (span) => {
          const response = await handle();
          const path = route();
          // The path of the middleware alone means that no endpoint was there.
          const known = path === '*' || path === '/*' ? 'none' : path;
          span.updateName(`${method} ${known}`);
          span.setAttributes({ [ATTR_HTTP_ROUTE]: known, [ATTR_HTTP_RESPONSE_STATUS_CODE]: response.status });
          if (response.status >= 500) span.setStatus({ code: SpanStatusCode.ERROR });
          metrics.httpRequestDuration.record((performance.now() - startedMs) / 1000, {
            http_route: known,
            http_request_method: method,
            http_response_status_code: response.status,
          });
          return response;
        },
      ),
    );
  };
}
