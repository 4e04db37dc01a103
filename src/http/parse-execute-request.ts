import type * as z from 'zod';
import { findAction } from '../actions/registry.ts';
import type { FieldFault } from '../actions/refusal.ts';
import { canonicalKeys, readParameters } from '../executor/parse-parameters.ts';
import type { ExecuteRequest } from '../executor/request.ts';
import type { JsonObject } from '../json.ts';
import { RecommendationRequest, WorkflowRequest } from './execute-request.ts';
import { idempotencyKeyFaults } from './idempotency-key.ts';
import { invalidRequest, joined, parse } from './parse.ts';
import type { Preference } from './prefer.ts';
import { requestHash } from './request-hash.ts';

/**
 * The body of execute, whichever shape it has, and how the caller would like to be answered. All faults are told at
 * once, with pointers. What is not to run before some time is not waited for unless that is preferred.
 */
export function parseExecuteRequest(
  body: unknown,
  { idempotencyKey, preference }: { idempotencyKey: string | undefined; preference: Preference['async'] },
): ExecuteRequest {
  const keyFaults = idempotencyKeyFaults(idempotencyKey);
  if (isWorkflowShape(body)) {
    const request = wellFormed(WorkflowRequest, body, { at: '', keyFaults });
    const actionId = request.action_id ?? undefined;
    return {
      ...common(request, {
        action: request.action,
        parameters: request.parameters,
        pointer: '/parameters',
        preference,
      }),
      priority: request.priority ?? 5,
      workflowId: request.workflow_id ?? undefined,
      metadata: request.metadata ?? undefined,
      actionId,
      idempotencyKey: idempotencyKey ?? actionId,
      requestHash: requestHash(body),
    };
  }
  const request = wellFormed(RecommendationRequest, body, { at: '/action', keyFaults });
  const alert = request.alert ?? undefined;
  return {
    ...common(request, { ...request.action, pointer: '/action/parameters', preference }),
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
    requestHash: requestHash(body),
  };
}

/** Parses the body, or refuses it with every fault: of the shape, of the key, and of the action and its parameters. */
function wellFormed<T extends z.ZodType>(
  schema: T,
  body: unknown,
  { at, keyFaults }: { at: string; keyFaults: FieldFault[] },
): z.output<T> {
  const shape = parse(schema, body);
  const twice = canonicalKeys(memberOf(body, `${at}/parameters`), `${at}/parameters`).faults;
  const faults = [...keyFaults, ...(shape.ok ? [] : shape.faults), ...twice];
  if (shape.ok && faults.length === 0) return shape.data;
  throw invalidRequest(!shape.ok && shape.tooDeep ? faults : joined(faults, actionFaults(body, at)));
}

/** What is wrong with the action and its parameters in a body that is not well-formed otherwise. */
function actionFaults(body: unknown, at: string): FieldFault[] {
  const { action: word, parameters: given } = memberOf(body, at);
  if (typeof word !== 'string') return [];
  const action = findAction(word);
  if (!action) return [{ pointer: `${at}/action`, detail: 'is not an action' }];
  // Of what is no object, its own fault is enough.
  if ((given ?? undefined) !== undefined && !isObject(given)) return [];
  const parametersPointer = `${at}/parameters`;
  const { parameters, spellings } = canonicalKeys(recordIn(given), parametersPointer);
  return readParameters(action, { parameters, parametersPointer, parameterSpellings: spellings }).faults;
}

/** The object at that pointer of names; an empty one where there is none. */
function memberOf(body: unknown, pointer: string): Record<string, unknown> {
  const found = pointer
    .split('/')
    .slice(1)
    .reduce<unknown>((value, key) => recordIn(value)[key], body);
  return recordIn(found);
}

function recordIn(value: unknown): Record<string, unknown> {
  return isObject(value) ? Object.fromEntries(Object.entries(value)) : {};
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

type Common = Pick<
  z.output<typeof WorkflowRequest>,
  'target' | 'dry_run' | 'timeout' | 'correlation_id' | 'not_before'
>;

function common(
  request: Common,
  {
    action,
    parameters,
    pointer,
    preference,
  }: {
    action: string;
    parameters?: JsonObject | null | undefined;
    pointer: string;
    preference: Preference['async'];
  },
) {
  const { target } = request;
  const notBefore = request.not_before ? new Date(request.not_before) : undefined;
  const canonical = canonicalKeys(parameters ?? {}, pointer);
  return {
    action,
    parameters: canonical.parameters,
    parametersPointer: pointer,
    parameterSpellings: canonical.spellings,
    target: target
      ? {
          apiVersion: target.api_version ?? undefined,
          kind: target.kind ?? undefined,
          namespace: target.namespace || undefined,
          name: target.name,
        }
      : undefined,
    dryRun: request.dry_run ?? false,
    timeoutMs: request.timeout ?? undefined,
    correlationId: request.correlation_id ?? undefined,
    later: notBefore || preference ? { notBefore, waitMs: preference?.waitMs ?? 0 } : undefined,
  };
}

/** The seed's shape has an object under `action`, the workflow service's a text; without either, its other fields tell. */
function isWorkflowShape(body: unknown): boolean {
  const { action, ...others } = recordIn(body);
  if (typeof action === 'string') return true;
  return (
    (typeof action !== 'object' || action === null) &&
    ['action_id', 'workflow_id', 'parameters', 'metadata'].some((key) => key in others)
  );
}

/** Parsed by a schema of texts and maps of texts: JSON throughout. */
function recordOf(alert: object): JsonObject {
  return Object.fromEntries(
    Object.entries(alert).filter(([, value]) => value !== null && value !== undefined),
  ) as JsonObject;
}
