import { Refusal } from '../actions/refusal.ts';
import { refusalOf } from '../executor/failure.ts';
import type { Json } from '../json.ts';
import type { Runtime } from './runtime.ts';

/** The problem document (RFC 9457) of whatever was thrown. A fault of our own tells nothing but its trace id. */
export function problemResponse(error: unknown, request: Request, runtime: Runtime): Response {
  const { now, observer } = runtime.executor;
  const known = refusalOf(error, now());
  if (!(known instanceof Refusal)) runtime.fault(error, request);
  const refusal =
    known instanceof Refusal ? known : new Refusal('internal_error', 'The service failed; its log says why');
  const { hint, errors, retryAt, actionId, extra } = refusal.details;
  runtime.refused(refusal.code);
  const traceId = observer.traceId();
  const body: { [member: string]: Json } = {
    type: `urn:executor-service:problem:${refusal.code}`,
    title: titleOf(refusal.code),
    status: refusal.status,
    code: refusal.code,
    detail: refusal.message,
    instance: new URL(request.url).pathname,
    hint,
    ...(errors ? { errors: errors.map(({ pointer, detail }) => ({ pointer, detail })) } : {}),
    ...(retryAt ? { retry_at: retryAt.toISOString() } : {}),
    ...(actionId ? { action_id: actionId } : {}),
    ...(traceId ? { trace_id: traceId } : {}),
    ...extra,
  };
  const headers = new Headers({ 'content-type': 'application/problem+json' });
  if (retryAt) headers.set('retry-after', String(Math.max(1, Math.ceil((retryAt.getTime() - now().getTime()) / 1000))));
  if (refusal.status === 401) headers.set('www-authenticate', 'Bearer');
  return new Response(JSON.stringify(body), { status: refusal.status, headers });
}

/** `target_busy` is "Target busy". */
function titleOf(code: string): string {
  const words = code.replaceAll('_', ' ');
  return words.charAt(0).toUpperCase() + words.slice(1);
}
