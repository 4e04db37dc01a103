import type { Action } from '../actions/define.ts';
import type { JsonObject } from '../json.ts';
import { approvalPaths } from './openapi-approval-paths.ts';
import { executionPaths } from './openapi-execution-paths.ts';
import { anywhere, operation, pathParameter } from './openapi-operation.ts';
import { answered, refused } from './openapi-responses.ts';
import { servicePaths } from './openapi-service-paths.ts';

/** Every path of this version, as OpenAPI has it. */
export function openApiPaths(actions: readonly Action[]): JsonObject {
  return {
    ...executionPaths(actions),
    ...approvalPaths,
    '/api/v1/actions': {
      get: operation('listActions', 'What can be done', {
        responses: { 200: answered('The catalogue', 'ActionPage'), ...refused(anywhere) },
      }),
    },
    '/api/v1/actions/{name}': {
      get: operation('action', 'One action: its parameters, permissions and examples', {
        parameters: [pathParameter('name', 'In snake_case, kebab-case or camelCase')],
        responses: { 200: answered('The action', 'Action'), ...refused(['NotFound', ...anywhere]) },
      }),
    },
    ...servicePaths,
  };
}
