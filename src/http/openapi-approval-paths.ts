import type { JsonObject } from '../json.ts';
import { ApprovalQuery } from './approval-request.ts';
import {
  anywhere,
  headerParameter,
  operation,
  pathParameter,
  queryParameters,
  schemaRef,
} from './openapi-operation.ts';
import { answered, refused, type RefusalName } from './openapi-responses.ts';

const refusalsOfDecision: readonly RefusalName[] = [
  'BadRequest',
  'Forbidden',
  'NotFound',
  'Conflict',
  'PreconditionFailed',
  'ContentTooLarge',
  'UnsupportedMediaType',
  'UnprocessableContent',
  'PreconditionRequired',
  'TooManyRequests',
  ...anywhere,
];

const id = pathParameter('id', 'The approval');

/** What somebody is asked, and decides. */
export const approvalPaths: JsonObject = {
  '/api/v1/approvals': {
    get: operation('listApprovals', 'What somebody was asked to agree to, newest first', {
      parameters: queryParameters(ApprovalQuery),
      responses: {
        200: answered('One page', 'ApprovalPage', ['Link']),
        ...refused(['UnprocessableContent', ...anywhere]),
      },
    }),
  },
  '/api/v1/approvals/{id}': {
    get: operation('approval', 'One approval, with its execution', {
      parameters: [id],
      responses: { 200: answered('The approval', 'Approval', ['ETag']), ...refused(['NotFound', ...anywhere]) },
    }),
  },
  '/api/v1/approvals/{id}/approve': {
    post: decision('approve', 'Agree to an execution, which then goes into the queue', 'It is approved'),
  },
  '/api/v1/approvals/{id}/reject': {
    post: decision('reject', 'Say no to an execution, which ends as refused', 'It is rejected'),
  },
};

function decision(operationId: string, summary: string, done: string): JsonObject {
  return operation(operationId, summary, {
    parameters: [id, headerParameter('If-Match')],
    requestBody: { required: false, content: { 'application/json': { schema: schemaRef('DecideBody') } } },
    responses: { 200: answered(done, 'Approval', ['ETag']), ...refused(refusalsOfDecision) },
  });
}
