import type * as z from 'zod';
import type { Action } from '../actions/define.ts';
import type { JsonObject } from '../json.ts';
import { AuditQuery } from './audit-request.ts';
import { historyColumns } from './history-columns.ts';
import { historyTypes } from './history-format.ts';
import { HistoryQuery } from './history-request.ts';
import { definitionOf } from './openapi-definitions.ts';
import { requestExamples } from './openapi-requests.ts';
import { answered, refused, type RefusalName, responseHeaders } from './openapi-responses.ts';

/** Every path of this version, as OpenAPI has it. */
export function openApiPaths(actions: readonly Action[]): JsonObject {
  return {
    '/api/v1/execute': {
      post: operation('execute', 'Carry an action out, and answer how it went', {
        parameters: [headerParameter('Idempotency-Key'), headerParameter('Prefer')],
        requestBody: {
          required: true,
          content: {
            'application/json': {
              schema: { oneOf: [schemaRef('RecommendationRequest'), schemaRef('WorkflowRequest')] },
              examples: requestExamples(actions),
            },
          },
        },
        responses: { ...executed, ...refused(refusalsOfRuns) },
      }),
    },
    '/api/v1/status/{action_id}': {
      get: operation('status', 'One execution, whole', {
        parameters: [pathParameter('action_id', 'The execution')],
        responses: { 200: answered('The execution', 'Execution'), ...refused(['NotFound', ...anywhere]) },
      }),
    },
    '/api/v1/executions': {
      get: operation('listExecutions', 'The history, newest first', {
        parameters: queryParameters(HistoryQuery),
        responses: {
          200: historyAnswer(),
          ...refused(['NotAcceptable', 'UnprocessableContent', ...anywhere]),
        },
      }),
    },
    '/api/v1/executions/{id}/cancel': {
      post: operation('cancel', 'End an execution that is under way; what it has done stays, and can be undone', {
        parameters: [pathParameter('id', 'The execution to end')],
        requestBody: { required: false, content: { 'application/json': { schema: schemaRef('CancelBody') } } },
        responses: {
          200: answered('It has been cancelled before', 'Execution'),
          202: answered('It ends within a second', 'Execution', ['Location', 'Retry-After']),
          ...refused(refusalsOfCancel),
        },
      }),
    },
    '/api/v1/executions/{id}/rollback': {
      post: operation('rollback', 'Undo an execution; an execution of its own, with the same gates', {
        parameters: [
          pathParameter('id', 'The execution to undo'),
          headerParameter('Idempotency-Key'),
          headerParameter('Prefer'),
        ],
        requestBody: { required: false, content: { 'application/json': { schema: schemaRef('RollbackBody') } } },
        responses: { ...executed, ...refused(refusalsOfRuns) },
      }),
    },
    '/api/v1/executions/{id}/resume': {
      post: operation('resume', 'Go on with an execution that ended before it was through, planned anew', {
        parameters: [
          pathParameter('id', 'The execution to go on with'),
          headerParameter('Idempotency-Key'),
          headerParameter('Prefer'),
        ],
        requestBody: { required: false, content: { 'application/json': { schema: schemaRef('ResumeBody') } } },
        responses: { ...executed, ...refused(refusalsOfRuns) },
      }),
    },
    '/api/v1/executions/{id}/acknowledge': {
      post: operation(
        'acknowledge',
        'Its failure has been looked at: it, and those before it, no longer hold the action back on that target',
        {
          parameters: [pathParameter('id', 'The execution that failed')],
          requestBody: { required: false, content: { 'application/json': { schema: schemaRef('AcknowledgeBody') } } },
          responses: { 200: answered('It is acknowledged', 'Execution'), ...refused(refusalsOfCancel) },
        },
      ),
    },
    '/api/v1/actions': {
      get: operation('listActions', 'What can be done', {
        responses: { 200: answered('The catalogue', 'ActionPage'), ...refused(['InternalServerError']) },
      }),
    },
    '/api/v1/actions/{name}': {
      get: operation('action', 'One action: its parameters, permissions and examples', {
        parameters: [pathParameter('name', 'In snake_case, kebab-case or camelCase')],
        responses: { 200: answered('The action', 'Action'), ...refused(['NotFound', 'InternalServerError']) },
      }),
    },
    '/api/v1/controls': {
      get: operation('listControls', 'What is stopped, or was: who has said so, why and when', {
        responses: { 200: answered('Every control', 'ControlPage'), ...refused(anywhere) },
      }),
      put: operation('control', 'Stop the whole cluster or a namespace, or lift the stop, on every replica', {
        requestBody: { required: true, content: { 'application/json': { schema: schemaRef('ControlBody') } } },
        responses: { 200: answered('It stands as asked', 'Control'), ...refused(refusalsOfControl) },
      }),
    },
    '/api/v1/audit': {
      get: operation('audit', 'What was decided and done, oldest first, as a chain of hashes', {
        parameters: queryParameters(AuditQuery),
        responses: { 200: auditAnswer(), ...refused(['UnprocessableContent', ...anywhere]) },
      }),
    },
    '/health': {
      get: operation('health', 'The service, its database and its cluster', {
        responses: {
          200: answered('All is well', 'Health'),
          503: answered('Something that it needs is away', 'Health'),
        },
      }),
    },
    '/livez': {
      get: operation('livez', 'Whether the process answers', { responses: { 200: answered('It does', 'Liveness') } }),
    },
    '/readyz': {
      get: operation('readyz', 'Whether to send requests here', {
        responses: { 200: answered('Yes', 'Readiness'), 503: answered('Not now', 'Readiness') },
      }),
    },
    '/metrics': {
      get: operation('metrics', 'Metrics, as Prometheus reads them', {
        responses: {
          200: { description: 'Prometheus text', content: { 'text/plain': { schema: { type: 'string' } } } },
          ...refused(['NotFound', 'InternalServerError']),
        },
      }),
    },
    '/openapi.json': {
      get: operation('openapi', 'This document', {
        responses: {
          200: { description: 'OpenAPI 3.1', content: { 'application/json': { schema: { type: 'object' } } } },
        },
      }),
    },
  };
}

const anywhere: readonly RefusalName[] = ['InternalServerError', 'ServiceUnavailable'];

const refusalsOfRuns: readonly RefusalName[] = [
  'BadRequest',
  'Forbidden',
  'NotFound',
  'Conflict',
  'ContentTooLarge',
  'UnsupportedMediaType',
  'UnprocessableContent',
  'TooManyRequests',
  ...anywhere,
];

const refusalsOfControl: readonly RefusalName[] = [
  'BadRequest',
  'ContentTooLarge',
  'UnsupportedMediaType',
  'UnprocessableContent',
  ...anywhere,
];

const refusalsOfCancel: readonly RefusalName[] = [
  'BadRequest',
  'NotFound',
  'Conflict',
  'ContentTooLarge',
  'UnsupportedMediaType',
  'UnprocessableContent',
  ...anywhere,
];

const executed = {
  200: answered('It is over, whatever the outcome: `success` and `status` tell', 'Execution', [
    'Idempotent-Replayed',
    'Preference-Applied',
  ]),
  202: answered('It is not over: it waits in the queue, or an earlier same request is under way', 'Execution', [
    'Location',
    'Preference-Applied',
    'Retry-After',
    'Idempotent-Replayed',
  ]),
};

function operation(
  operationId: string,
  summary: string,
  rest: { parameters?: JsonObject[]; requestBody?: JsonObject; responses: JsonObject },
): JsonObject {
  const parameters = [...(rest.parameters ?? []), headerParameter('traceparent'), headerParameter('X-Request-ID')];
  return { operationId, summary, ...rest, parameters };
}

function historyAnswer(): JsonObject {
  const headers = ['Link', 'Vary', 'Content-Disposition', 'Cache-Control'];
  const csv = `A line for each execution, after one with the names: ${Object.keys(historyColumns).join(', ')}`;
  return answered('One page; or an export, which is streamed', 'ExecutionPage', headers, {
    [historyTypes.ndjson]: { schema: { type: 'string', description: 'An Execution on each line' } },
    [historyTypes.csv]: { schema: { type: 'string', description: csv } },
  });
}

function auditAnswer(): JsonObject {
  const description =
    'An entry on each line: seq, at, chained_at, type, cluster, namespace, execution_id, by, data, previous_hash, hash. The hash is ' +
    'the SHA-256 of the line without it, as canonical JSON; npm run audit:verify checks it';
  return {
    description: 'A piece of the chain, streamed',
    headers: responseHeaders(['Content-Disposition', 'Cache-Control', 'X-Request-ID']),
    content: { [historyTypes.ndjson]: { schema: { type: 'string', description } } },
  };
}

function queryParameters(query: z.ZodType): JsonObject[] {
  const { properties } = definitionOf(query);
  return Object.entries(properties ?? {}).map(([name, schema]) => ({ name, in: 'query', required: false, schema }));
}

function pathParameter(name: string, description: string): JsonObject {
  return { name, in: 'path', required: true, description, schema: { type: 'string' } };
}

function headerParameter(name: string): JsonObject {
  return { $ref: `#/components/parameters/${name}` };
}

function schemaRef(name: string): JsonObject {
  return { $ref: `#/components/schemas/${name}` };
}
