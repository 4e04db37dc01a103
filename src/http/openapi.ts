import type { Action } from '../actions/define.ts';
import type { JsonObject } from '../json.ts';
import { answerSchemas } from './openapi-answers.ts';
import { sessionCookie } from './credentials.ts';
import { definitionsOf } from './openapi-definitions.ts';
import { answerHeaders, requestHeaders } from './openapi-headers.ts';
import { openApiPaths } from './openapi-paths.ts';
import { requestSchemas } from './openapi-requests.ts';
import { problemResponses } from './openapi-responses.ts';

/** The contract as OpenAPI 3.1, made from the schemas that parse the requests and from the actions' declarations. */
export function openApiDocument({ actions, version }: { actions: readonly Action[]; version: string }): JsonObject {
  return {
    openapi: '3.1.0',
    info: {
      title: 'Executor Service',
      version,
      description:
        'Carries out remediation actions on Kubernetes. What is refused before anything ran is a problem document, 4xx or 5xx; ' +
        'what is accepted and not over is 202; what is over is 200 with the execution, however it went. Answers may have more ' +
        'members than are described here.',
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    servers: [{ url: '/', description: 'Where this document is' }],
    security: [{ bearer: [] }, { session: [] }],
    paths: openApiPaths(actions),
    components: {
      schemas: { ...requestSchemas(actions), ...definitionsOf(Object.values(answerSchemas), { open: true }) },
      responses: problemResponses(),
      parameters: requestHeaders,
      headers: answerHeaders,
      securitySchemes: {
        bearer: {
          type: 'http',
          scheme: 'bearer',
          description: 'A token that the settings below `auth` take; not needed where they name none',
        },
        session: {
          type: 'apiKey',
          in: 'cookie',
          name: sessionCookie,
          description: 'Of a browser; what changes something has to come from a page of this service',
        },
      },
    },
  };
}
