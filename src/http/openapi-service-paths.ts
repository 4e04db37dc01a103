import type { JsonObject } from '../json.ts';
import { AuditQuery } from './audit-request.ts';
import { historyTypes } from './history-format.ts';
import { anywhere, open, operation, queryParameters, schemaRef } from './openapi-operation.ts';
import { answered, refused, type RefusalName, responseHeaders } from './openapi-responses.ts';

const refusalsOfControl: readonly RefusalName[] = [
  'BadRequest',
  'Forbidden',
  'ContentTooLarge',
  'UnsupportedMediaType',
  'UnprocessableContent',
  ...anywhere,
];

/** What is about the service itself: who calls, what is stopped, the audit, how it is. */
export const servicePaths: JsonObject = {
  '/session': {
    post: operation('logIn', 'Log a browser in: the token goes into a cookie', {
      security: open,
      requestBody: { required: false, content: { 'application/json': { schema: schemaRef('SessionBody') } } },
      responses: {
        200: answered('Who that is', 'Session', ['Set-Cookie', 'Cache-Control']),
        ...refused([
          'BadRequest',
          'Unauthorized',
          'Forbidden',
          'NotFound',
          'ContentTooLarge',
          'UnsupportedMediaType',
          'UnprocessableContent',
          ...anywhere,
        ]),
      },
    }),
    get: operation('session', 'Who is calling', {
      responses: { 200: answered('Who that is', 'Session'), ...refused(anywhere) },
    }),
    delete: operation('logOut', 'Log a browser out', {
      responses: {
        204: { description: 'The cookie is taken away', headers: responseHeaders(['Set-Cookie', 'X-Request-ID']) },
        ...refused(['Forbidden', ...anywhere]),
      },
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
      responses: { 200: auditAnswer(), ...refused(['Forbidden', 'UnprocessableContent', ...anywhere]) },
    }),
  },
  '/health': {
    get: operation('health', 'The service, its database and its cluster', {
      security: open,
      responses: {
        200: answered('All is well', 'Health'),
        503: answered('Something that it needs is away', 'Health'),
      },
    }),
  },
  '/livez': {
    get: operation('livez', 'Whether the process answers', {
      security: open,
      responses: { 200: answered('It does', 'Liveness') },
    }),
  },
  '/readyz': {
    get: operation('readyz', 'Whether to send requests here', {
      security: open,
      responses: { 200: answered('Yes', 'Readiness'), 503: answered('Not now', 'Readiness') },
    }),
  },
  '/metrics': {
    get: operation('metrics', 'Metrics, as Prometheus reads them', {
      security: open,
      responses: {
        200: {
          description: 'Prometheus text',
          headers: responseHeaders(['X-Request-ID']),
          content: { 'text/plain': { schema: { type: 'string' } } },
        },
        ...refused(['NotFound', 'InternalServerError']),
      },
    }),
  },
  '/openapi.json': {
    get: operation('openapi', 'This document', {
      security: open,
      responses: {
        200: {
          description: 'OpenAPI 3.1',
          headers: responseHeaders(['X-Request-ID']),
          content: { 'application/json': { schema: { type: 'object' } } },
        },
      },
    }),
  },
};

function auditAnswer(): JsonObject {
  const description =
    'An entry on each line: seq, at, chained_at, type, cluster, namespace, execution_id, by, data, previous_hash, hash. The hash is ' +
    'the SHA-256 of the line without it, as PostgreSQL writes a jsonb (docs/operations.md); npm run audit:verify checks it';
  return {
    description: 'A piece of the chain, streamed',
    headers: responseHeaders(['Content-Disposition', 'Cache-Control', 'X-Request-ID']),
    content: { [historyTypes.ndjson]: { schema: { type: 'string', description } } },
  };
}
