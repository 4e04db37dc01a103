import { Ajv2020 } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import { actions } from '../../src/actions/registry.ts';
import { openApiDocument } from '../../src/http/openapi.ts';
import { answerSchemas } from '../../src/http/openapi-answers.ts';
import type { Answer } from '../support/service.ts';

/** The part of an OpenAPI document that tests look into. */
interface Document {
  paths: Record<string, Record<string, Operation>>;
  security: Record<string, unknown>[];
  components: {
    schemas: Record<string, object>;
    responses: Record<string, Response>;
    securitySchemes: Record<string, object>;
  };
}
interface Operation {
  requestBody?: { content: Record<string, { examples: Record<string, { value: { action: unknown } }> }> };
  responses: Record<string, Reference | Response>;
}
type Reference = { $ref: string };
interface Response {
  headers?: Record<string, Reference>;
  content?: Record<string, { schema: { $ref?: string } }>;
}

export const document = openApiDocument({ actions, version: '1.2.3' }) as unknown as Document;

const ajv = addFormats.default(new Ajv2020({ strict: false }));
ajv.addSchema(document, 'openapi.json');

/** What is wrong with a value, seen by the published schema of that name. */
export function faultsBySchema(name: string, value: unknown): string[] {
  const validate = ajv.getSchema(`openapi.json#/components/schemas/${name}`);
  if (!validate) return [`there is no schema ${name}`];
  return validate(value)
    ? []
    : (validate.errors ?? []).map(({ instancePath, message }) => `${instancePath} ${message}`);
}

/** Whether the document allows such a body for an operation; undefined where it knows of none. */
export function allowsBody(operation: string, body: unknown): boolean | undefined {
  const [method = '', path = ''] = operation.split(' ');
  const at = ['paths', path, method.toLowerCase(), 'requestBody', 'content', 'application/json', 'schema'];
  const pointer = at.map((key) => encodeURIComponent(key.replaceAll('~', '~0').replaceAll('/', '~1'))).join('/');
  const validate = ajv.getSchema(`openapi.json#/${pointer}`);
  return validate && Boolean(validate(body));
}

/** Where an answer is not as the document says: status, type, headers, or a body with anything undescribed. */
export function undescribed(operation: string, answer: Answer): string[] {
  const [method = '', path = ''] = operation.split(' ');
  const described = document.paths[path]?.[method.toLowerCase()]?.responses[answer.status];
  if (!described) return [`status ${answer.status}: ${JSON.stringify(answer.body)}`];
  const { headers = {}, content } =
    '$ref' in described ? (document.components.responses[nameIn(described)] ?? { content: {} }) : described;

  const known = new Set(['content-type', ...Object.keys(headers).map((name) => name.toLowerCase())]);
  const unknown = [...answer.headers.keys()].filter((name) => !known.has(name)).map((name) => `header ${name}`);
  if (!content) return answer.body === undefined ? unknown : [...unknown, 'a body'];
  const type = answer.headers.get('content-type')?.split(';')[0] ?? '';
  const body = content[type];
  if (!body) return [...unknown, `type ${type}`];
  const schema = '$ref' in body.schema ? nameIn({ $ref: body.schema.$ref ?? '' }) : undefined;
  return schema
    ? [...unknown, ...faultsStrictly(schema, answer.body), ...faultsBySchema(schema, answer.body)]
    : unknown;
}

function faultsStrictly(name: string, value: unknown): string[] {
  const schema = Object.entries(answerSchemas).find(([key]) => key === name)?.[1];
  if (!schema) return [`there is no answer schema ${name}`];
  return schema.safeParse(value).error?.issues.map(({ path, message }) => `${path.join('/')} ${message}`) ?? [];
}

function nameIn({ $ref }: Reference): string {
  return $ref.split('/').at(-1) ?? '';
}
