import type { Action } from '../actions/define.ts';
import type { JsonObject } from '../json.ts';
import { historyColumns } from './history-columns.ts';
import { historyTypes } from './history-format.ts';
import { HistoryQuery } from './history-request.ts';
import {
  anywhere,
  headerParameter,
  operation,
  pathParameter,
  queryParameters,
  schemaRef,
} from './openapi-operation.ts';
import { requestExamples } from './openapi-requests.ts';
import { answered, refused, type RefusalName } from './openapi-responses.ts';

/** What carries actions out, and the history of that. */
export function executionPaths(actions: readonly Action[]): JsonObject {
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
    '/api/v1/evaluate': {
      post: operation('evaluate', 'Say what execute would do, whom it would touch, and what stands against it', {
        requestBody: {
          required: true,
          content: {
            'application/json': {
              schema: { oneOf: [schemaRef('RecommendationRequest'), schemaRef('WorkflowRequest')] },
              examples: requestExamples(actions),
            },
          },
        },
        responses: { 200: answered('Nothing was done', 'Evaluation'), ...refused(refusalsOfEvaluation) },
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
  };
}

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

const refusalsOfEvaluation: readonly RefusalName[] = [
  'BadRequest',
  'Forbidden',
  'ContentTooLarge',
  'UnsupportedMediaType',
  'UnprocessableContent',
  ...anywhere,
];

const refusalsOfCancel: readonly RefusalName[] = [
  'BadRequest',
  'Forbidden',
  'TooManyRequests',
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
  202: answered(
    'It is not over: it waits in the queue or for somebody to agree, or an earlier same request is under way',
    'Execution',
    ['Location', 'Preference-Applied', 'Retry-After', 'Idempotent-Replayed'],
  ),
};

function historyAnswer(): JsonObject {
  const headers = ['Link', 'Vary', 'Content-Disposition', 'Cache-Control'];
  const csv = `A line for each execution, after one with the names: ${Object.keys(historyColumns).join(', ')}`;
  return answered('One page; or an export, which is streamed', 'ExecutionPage', headers, {
    [historyTypes.ndjson]: { schema: { type: 'string', description: 'An Execution on each line' } },
    [historyTypes.csv]: { schema: { type: 'string', description: csv } },
  });
}
