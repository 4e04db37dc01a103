import { z } from 'zod';
import { Refusal } from '../actions/refusal.ts';
import { canonicalKeys, faultsOf, summaryOf } from '../executor/parse-parameters.ts';
import type { ExecuteRequest } from '../executor/request.ts';
import type { JsonObject } from '../json.ts';
import { nameFault, namespaceFault } from '../kubernetes/names.ts';
import { parseDuration } from '../text/duration.ts';
import { requestHash } from './request-hash.ts';

const shortestTimeoutMs = 1_000;
const longestTimeoutMs = 6 * 60 * 60 * 1_000;

/** One line of text: no control characters, which have no business in a log or a label. */
const line = (most: number) => z.string().min(1).max(most).regex(/^[^\p{Cc}]*$/u, 'must not contain control characters');

/** What a Go caller sends for an empty map or text counts as not given. */
const absentable = <T extends z.ZodType>(schema: T) => schema.nullish();

const namespace = checked(z.string().max(1_000), namespaceFault).describe('Namespace; empty counts as none');
const identifier = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9._:-]{0,127}$/, 'must be 1 to 128 letters, digits, ".", "_", ":" or "-", beginning with a letter or digit');
const texts = (most: number) => z.record(z.string().max(317), z.string().max(most));

const Timeout = z
  .union([z.string().max(40), z.int().nonnegative()])
  .transform((value, context) => {
    const ms = typeof value === 'string' ? parseDuration(value) : value / 1_000_000;
    if (ms === 0) return undefined;
    if (ms !== undefined && ms >= shortestTimeoutMs && ms <= longestTimeoutMs) return Math.round(ms);
    context.addIssue({ code: 'custom', message: 'must be from 1s to 6h: a text such as "120s", or a number of nanoseconds' });
    return z.NEVER;
  })
  .describe('Deadline of the run: a duration such as "120s", or nanoseconds; 0 is the default');

const Parameters = z.record(z.string().max(100), z.json()).describe('See GET /api/v1/actions/{name}');

const Target = z.strictObject({
  kind: absentable(z.string().max(100).regex(/^[A-Za-z][A-Za-z0-9.]*$/, 'must be a kind such as Deployment')),
  api_version: absentable(z.string().max(100).regex(/^([a-z0-9.-]+\/)?v\d+((alpha|beta)\d+)?$/, 'must be a version such as apps/v1')),
  namespace: absentable(namespace),
  name: checked(z.string().min(1).max(1_000), nameFault),
});

const Alert = z.strictObject({
  name: line(253),
  severity: absentable(z.string().max(64)),
  status: absentable(z.string().max(64)),
  description: absentable(z.string().max(10_000)),
  namespace: absentable(namespace),
  resource: absentable(z.string().max(1_000)),
  labels: absentable(texts(2_000)),
  annotations: absentable(texts(20_000)),
  fingerprint: absentable(line(200)),
  starts_at: absentable(z.string().max(64)),
  ends_at: absentable(z.string().max(64)),
});

const common = {
  target: absentable(Target),
  dry_run: absentable(z.boolean()),
  timeout: absentable(Timeout),
  correlation_id: absentable(line(200)),
  not_before: absentable(z.iso.datetime({ offset: true })),
};

/** The guide's shape: an action that was recommended, and the alert that it answers. */
export const RecommendationRequest = z
  .strictObject({
    action: z.strictObject({
      action: line(100),
      parameters: absentable(Parameters),
      priority: absentable(z.int().min(1).max(9)),
      confidence: absentable(z.number()),
      reasoning: absentable(z.json()),
    }),
    alert: absentable(Alert),
    ...common,
  })
  .meta({ id: 'RecommendationRequest' });

/** The workflow service's shape. Its `action_id` is the idempotency key and the execution's id. */
export const WorkflowRequest = z
  .strictObject({
    action_id: absentable(identifier),
    action: line(100),
    workflow_id: absentable(line(200)),
    parameters: absentable(Parameters),
    priority: absentable(z.int().min(1).max(9)),
    metadata: absentable(z.record(z.string().max(100), z.json())),
    ...common,
  })
  .meta({ id: 'WorkflowRequest' });

const Headers = z.object({ idempotencyKey: line(255).optional() });

/** The body of execute, whichever shape it has. All faults are told at once, with pointers. */
export function parseExecuteRequest(body: unknown, headers: { idempotencyKey: string | undefined }): ExecuteRequest {
  const { idempotencyKey } = parsed(Headers, headers);
  const hash = requestHash(body);
  if (isWorkflowShape(body)) {
    const request = parsed(WorkflowRequest, body);
    const actionId = request.action_id ?? undefined;
    return {
      ...shared(request, '/parameters'),
      action: request.action,
      priority: request.priority ?? 5,
      workflowId: request.workflow_id ?? undefined,
      metadata: request.metadata ?? undefined,
      actionId,
      idempotencyKey: idempotencyKey ?? actionId,
      requestHash: hash,
    };
  }
  const request = parsed(RecommendationRequest, body);
  const alert = request.alert ?? undefined;
  return {
    ...shared({ ...request, parameters: request.action.parameters }, '/action/parameters'),
    action: request.action.action,
    priority: request.action.priority ?? 5,
    alert: alert && {
      name: alert.name,
      namespace: alert.namespace ?? undefined,
      resource: alert.resource ?? undefined,
      labels: alert.labels ?? undefined,
      annotations: alert.annotations ?? undefined,
    },
    alertRecord: alert && recordOf(alert),
    idempotencyKey,
    requestHash: hash,
  };
}

/** Parses by a schema, or refuses with every fault and its pointer. */
export function parsed<T extends z.ZodType>(schema: T, value: unknown): z.output<T> {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const errors = faultsOf(result.error, '');
  throw new Refusal('validation_failed', `The request is not valid: ${summaryOf(errors)}`, {
    errors,
    hint: 'GET /openapi.json holds the shapes',
  });
}

type Common = Pick<z.output<typeof WorkflowRequest>, 'target' | 'dry_run' | 'timeout' | 'correlation_id' | 'not_before' | 'parameters'>;

function shared(request: Common, parametersPointer: string) {
  const { parameters, faults } = canonicalKeys(request.parameters ?? {}, parametersPointer);
  if (faults.length > 0) throw new Refusal('validation_failed', summaryOf(faults), { errors: faults });
  if (request.not_before) {
    const detail = 'runs at a later time are not available in this version';
    throw new Refusal('not_supported', `not_before: ${detail}`, { errors: [{ pointer: '/not_before', detail }], hint: 'Leave not_before out and send the request when it is due' });
  }
  const { target } = request;
  return {
    parameters,
    parametersPointer,
    target: target
      ? { apiVersion: target.api_version ?? undefined, kind: target.kind ?? undefined, namespace: target.namespace || undefined, name: target.name }
      : undefined,
    dryRun: request.dry_run ?? false,
    timeoutMs: request.timeout ?? undefined,
    correlationId: request.correlation_id ?? undefined,
  };
}

/** The seed's shape has an object under `action`, the workflow service's a text. */
function isWorkflowShape(body: unknown): boolean {
  return typeof body === 'object' && body !== null && 'action' in body && typeof body.action === 'string';
}

/** A schema that also asks one of the checks of Kubernetes names; an empty text is left to the caller. */
function checked(schema: z.ZodString, fault: (text: string) => string | undefined) {
  return schema.superRefine((text, context) => {
    const found = text === '' ? undefined : fault(text);
    if (found) context.addIssue({ code: 'custom', message: found });
  });
}

/** Parsed by a schema of texts and maps of texts: JSON throughout. */
function recordOf(alert: object): JsonObject {
  return Object.fromEntries(Object.entries(alert).filter(([, value]) => value !== null && value !== undefined)) as JsonObject;
}
