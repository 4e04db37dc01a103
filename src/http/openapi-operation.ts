import type * as z from 'zod';
import type { JsonObject } from '../json.ts';
import { definitionOf } from './openapi-definitions.ts';
import { refused, type RefusalName } from './openapi-responses.ts';

/** One operation, with what all of them have in common. `security` is given where it is open to everybody. */
export function operation(
  operationId: string,
  summary: string,
  rest: { parameters?: JsonObject[]; requestBody?: JsonObject; responses: JsonObject; security?: JsonObject[] },
): JsonObject {
  const responses = rest.security ? rest.responses : { ...rest.responses, ...refused(['Unauthorized']) };
  const parameters = [...(rest.parameters ?? []), headerParameter('traceparent'), headerParameter('X-Request-ID')];
  return { operationId, summary, ...rest, responses, parameters };
}

/** For somebody who has not said who they are. */
export const open: JsonObject[] = [];

/** What may come at whatever is asked. */
export const anywhere: readonly RefusalName[] = ['InternalServerError', 'ServiceUnavailable'];

export function queryParameters(query: z.ZodType): JsonObject[] {
  const { properties } = definitionOf(query);
  return Object.entries(properties ?? {}).map(([name, schema]) => ({ name, in: 'query', required: false, schema }));
}

export function pathParameter(name: string, description: string): JsonObject {
  return { name, in: 'path', required: true, description, schema: { type: 'string' } };
}

export function headerParameter(name: string): JsonObject {
  return { $ref: `#/components/parameters/${name}` };
}

export function schemaRef(name: string): JsonObject {
  return { $ref: `#/components/schemas/${name}` };
}
