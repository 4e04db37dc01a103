import fc from 'fast-check';
import { hostileText, hostileValue, spoilt } from './hostile.ts';
import { type Schema, type SchemaContext, valuesOfSchema } from './values-of-schema.ts';

/** An operation of the document, as far as requests are made from it. */
export interface Operation {
  parameters?: ({ $ref: string } | Parameter)[];
  requestBody?: {
    required: boolean;
    content: Record<string, { schema: Schema; examples?: Record<string, { value: unknown }> }>;
  };
  security?: unknown[];
}

export interface Parameter {
  name: string;
  in: 'path' | 'query' | 'header' | 'cookie';
  required: boolean;
  schema: Schema;
}

/** What is sent. Plain data, so that a failing one can be read and sent again. */
export interface FuzzRequest {
  method: string;
  path: string;
  headers: Record<string, string>;
  /** The JSON, where that is what it is. */
  body: string | Uint8Array<ArrayBuffer> | undefined;
}

export interface RequestContext extends SchemaContext {
  parameter(given: { $ref: string } | Parameter): Parameter;
  /** Authorization headers; undefined: none. */
  authorizations: readonly (string | undefined)[];
}

/** Requests to one operation: valid, nearly valid and hostile ones. */
export function requestsTo(
  method: string,
  path: string,
  operation: Operation,
  context: RequestContext,
): fc.Arbitrary<FuzzRequest> {
  const parameters = (operation.parameters ?? []).map((given) => context.parameter(given));
  const ofKind = (kind: Parameter['in']) => parameters.filter((parameter) => parameter.in === kind);
  return fc
    .record({
      path: pathOf(path, ofKind('path'), context),
      query: queryOf(ofKind('query'), context),
      headers: headersOf(ofKind('header'), context),
      authorization: fc.constantFrom(...context.authorizations),
      content: operation.requestBody ? contentOf(operation.requestBody, context) : strayContent,
    })
    .map(({ path: filled, query, headers, authorization, content }) => ({
      method: method.toUpperCase(),
      path: filled + query,
      headers: {
        ...headers,
        ...(authorization === undefined ? {} : { authorization }),
        ...(content.type === undefined ? {} : { 'content-type': content.type }),
      },
      body: ['GET', 'HEAD'].includes(method.toUpperCase()) ? undefined : content.body,
    }));
}

function pathOf(path: string, parameters: readonly Parameter[], context: SchemaContext): fc.Arbitrary<string> {
  const segment = ({ name, schema }: Parameter) =>
    fc
      .oneof(
        {
          weight: 4,
          arbitrary: fc.constantFrom(...(context.words[`${path} ${name}`] ?? context.words[name] ?? ['none'])),
        },
        { weight: 1, arbitrary: valuesOfSchema(schema, context) },
        { weight: 2, arbitrary: hostileText },
      )
      .map((value) => encodeURIComponent(String(value).toWellFormed()))
      // These make another path of it.
      .filter((text) => !['', '.', '..'].includes(text));
  return fc
    .tuple(...parameters.map(segment))
    .map((values) =>
      parameters.reduce((filled, { name }, index) => filled.replace(`{${name}}`, () => values[index] ?? ''), path),
    );
}

function queryOf(parameters: readonly Parameter[], context: SchemaContext): fc.Arbitrary<string> {
  const written = (name: string, value: unknown) =>
    `${encodeURIComponent(name.toWellFormed())}=${encodeURIComponent(String(value).toWellFormed())}`;
  const stray = fc.constantFrom('', '?', '?&&', '?=', '?%', '?a=%ff', '?__proto__=1', '?limit', '?a[b]=1');
  if (parameters.length === 0)
    return fc.oneof({ weight: 4, arbitrary: fc.constant('') }, { weight: 1, arbitrary: stray });
  const one = fc
    .constantFrom(...parameters)
    .chain(({ name, schema }) =>
      fc
        .oneof(
          { weight: 3, arbitrary: fc.constantFrom(...(context.words[name] ?? ['1'])) },
          { weight: 3, arbitrary: valuesOfSchema(schema, context) },
          { weight: 2, arbitrary: hostileText },
        )
        .map((value) => written(name, value)),
    );
  const listed = fc.uniqueArray(one, { maxLength: 3, selector: (text) => text.split('=')[0] });
  const unknown = fc.tuple(hostileText, hostileText).map(([name, value]) => [written(name, value)]);
  const twice = one.map((each) => [each, each]);
  return fc.oneof(
    { weight: 6, arbitrary: listed.map(joined) },
    { weight: 1, arbitrary: fc.oneof(unknown, twice).map(joined) },
    { weight: 1, arbitrary: stray },
  );
}

function joined(parts: readonly string[]): string {
  return parts.length === 0 ? '' : `?${parts.join('&')}`;
}

/** Everything that a header can hold: no control characters, none beyond Latin-1, no white space around it. */
const headerText = fc
  .string({ unit: fc.integer({ min: 0x20, max: 0xff }).map((code) => String.fromCharCode(code)), maxLength: 200 })
  .map((text) => text.replaceAll('\u007f', '').trim());

const strayHeaders: Record<string, readonly string[]> = {
  accept: ['application/json', 'text/csv', 'application/x-ndjson', 'image/png', '*/*;q=0', ';;', 'a'.repeat(2_000)],
  cookie: ['executor_session=wrong', 'executor_session=%', 'executor_session="', '=;=;', '__proto__=1'],
  'sec-fetch-site': ['cross-site', 'same-origin'],
  'x-forwarded-proto': ['https', ',,'],
  'x-http-method-override': ['DELETE'],
  expect: ['100-continue'],
  'content-encoding': ['gzip'],
};

function headersOf(parameters: readonly Parameter[], context: SchemaContext): fc.Arbitrary<Record<string, string>> {
  const own = parameters.map(({ name, schema, required }) => {
    const good = fc
      .oneof(
        { weight: 3, arbitrary: fc.constantFrom(...(context.words[name] ?? ['1'])) },
        { weight: 1, arbitrary: valuesOfSchema(schema, context) },
      )
      .map((value) =>
        String(value)
          .replaceAll(/[^\u0020-\u007e\u00a0-\u00ff]/g, '')
          .trim(),
      );
    const absent = fc.constant(undefined);
    return fc
      .oneof(
        { weight: required ? 1 : 5, arbitrary: absent },
        { weight: 3, arbitrary: good },
        { weight: 1, arbitrary: headerText },
      )
      .map((value): [string, string][] => (value === undefined ? [] : [[name, value]]));
  });
  const stray = fc
    .constantFrom(...Object.keys(strayHeaders))
    .chain((name) =>
      fc.constantFrom(...(strayHeaders[name] ?? [])).map((value): [string, string][] => [[name, value]]),
    );
  const none = fc.constant<[string, string][]>([]);
  return fc
    .tuple(...own, fc.oneof({ weight: 4, arbitrary: none }, { weight: 1, arbitrary: stray }))
    .map((lists) => Object.fromEntries(lists.flat()));
}

interface Content {
  type: string | undefined;
  body: FuzzRequest['body'];
}

const json = 'application/json';
const noContent = fc.constant<Content>({ type: undefined, body: undefined });

/** Where none is expected. */
const strayContent: fc.Arbitrary<Content> = fc.oneof(
  { weight: 4, arbitrary: noContent },
  { weight: 1, arbitrary: fc.constantFrom('{}', 'x', '[').map((body) => ({ type: json, body })) },
);

function contentOf({ required, content }: NonNullable<Operation['requestBody']>, context: SchemaContext) {
  const { schema = {}, examples = {} } = content[json] ?? {};
  const generated = valuesOfSchema(schema, context);
  const valid =
    Object.keys(examples).length === 0 ? generated : fc.oneof(generated, exampleOf(examples, generated, context));
  const written = valid.map((value) => JSON.stringify(value));
  const asJson = (texts: fc.Arbitrary<FuzzRequest['body']>) => texts.map((body): Content => ({ type: json, body }));
  const wrongType = fc.constantFrom(
    undefined,
    'text/plain',
    'application/yaml',
    'application/x-www-form-urlencoded',
    ';',
    'json',
  );
  return fc.oneof(
    { weight: 5, arbitrary: asJson(written) },
    { weight: 6, arbitrary: asJson(valid.chain(spoilt).map((value) => JSON.stringify(value))) },
    { weight: 2, arbitrary: asJson(hostileValue.map((value) => JSON.stringify(value))) },
    { weight: 2, arbitrary: asJson(written.chain(spoiltText)) },
    {
      weight: 1,
      arbitrary: fc
        .tuple(wrongType, written)
        .map(([type, body]): Content => ({ type, body: new TextEncoder().encode(body) })),
    },
    { weight: required ? 1 : 3, arbitrary: noContent },
  );
}

/** One of the document's examples, over soon, with some of what else such a request may have. */
function exampleOf(
  examples: Record<string, { value: unknown }>,
  generated: fc.Arbitrary<unknown>,
  { words }: SchemaContext,
): fc.Arbitrary<unknown> {
  const word = (name: string) => fc.constantFrom(...(words[name] ?? [undefined]));
  const over = fc.record({ dry_run: word('dry_run'), timeout: word('timeout') });
  return fc
    .tuple(fc.constantFrom(...Object.values(examples)), generated, over)
    .map(([{ value }, others, soon]) => ({ ...textsBeside(value, others), ...Object(value), ...soon }));
}

/** Of a request of the same shape: what says nothing of what is to be done. */
function textsBeside(example: unknown, others: unknown): object {
  const { action }: { action?: unknown } = Object(example);
  const { action: other, correlation_id, metadata, workflow_id }: Record<string, unknown> = Object(others);
  const texts = Object.entries({ correlation_id, metadata, workflow_id }).filter(([, text]) => text !== undefined);
  return typeof action === typeof other ? Object.fromEntries(texts) : {};
}

/** JSON that is none any more, or not what a reader expects. */
function spoiltText(text: string): fc.Arbitrary<FuzzRequest['body']> {
  const bytes = (value: string) => new TextEncoder().encode(value);
  return fc.oneof(
    fc.nat({ max: text.length }).map((end) => text.slice(0, end)),
    fc.nat({ max: text.length }).map((at) => `${text.slice(0, at)}\u0000${text.slice(at)}`),
    fc
      .nat({ max: text.length })
      .map((at) => new Uint8Array([...bytes(text.slice(0, at)), 0xff, ...bytes(text.slice(at))])),
    fc.constantFrom(
      `\ufeff${text}`,
      `${text}${text}`,
      text.replace('{', '{"__proto__":{"dry_run":true},'),
      text.replace('{', '{"action":"notify_only","action":{},'),
      text.replace('{', '{"a":1e999,'),
      text.replace('{', '{"a":"\\ud800",'),
      text.replace('{', '{/*,*/'),
      '['.repeat(100_000),
      `${'{"a":'.repeat(50_000)}1${'}'.repeat(50_000)}`,
      `"${'x'.repeat(1024 * 1024)}"`,
      ' '.repeat(1024 * 1024 + 1),
    ),
  );
}
