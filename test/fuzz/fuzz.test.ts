import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { allowsBody, document, undescribed } from '../http/described-answer.ts';
import { expectProblem } from '../http/expect-problem.ts';
import type { Answer } from '../support/service.ts';
import { auditSince, rowVersions } from '../support/written.ts';
import { type Arena, home, openArena } from './arena.ts';
import { fuzzing } from './fuzzing.ts';
import { hostileText } from './hostile.ts';
import { type FuzzRequest, type Operation, type RequestContext, requestsTo } from './requests.ts';
import { fuzzWords } from './words.ts';

const { seed, runs } = fuzzing;
const longestMs = 30_000;

let arena: Arena;

beforeAll(async () => {
  console.log(`FUZZ_SEED=${seed} FUZZ_RUNS=${runs}`);
  arena = await openArena();
});

afterAll(async () => {
  await arena.close();
});

const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
  Object.entries(methods).map(([method, operation]) => ({
    name: `${method.toUpperCase()} ${path}`,
    method,
    path,
    operation,
  })),
);

/** Carries actions out, or undoes them: there is most to find. */
const runsOf = (name: string) => (/execute|rollback|resume|evaluate|orchestrations$/.test(name) ? runs * 3 : runs);

describe('whatever is sent to an endpoint of the document, the answer is one that the document has, and a refusal writes nothing:', () => {
  test.each(operations)('$name', { timeout: runs * 30_000 }, async ({ name, method, path, operation }) => {
    const requests = requestsTo(method, path, asOperation(operation), context());
    await hold(requests, runsOf(name), async (request) => {
      const answer = await sound(request, isOpen(asOperation(operation)));
      expect(undescribed(name, answer)).toEqual([]);
      if (isWrong(name, request)) expect(answer.status).toBeGreaterThanOrEqual(400);
    });
  });
});

test('whatever else is asked for is 404 or 405, and 401 for somebody unknown', { timeout: runs * 30_000 }, async () => {
  const paths = fc.oneof(
    fc
      .constantFrom(...Object.keys(document.paths))
      .chain((path) =>
        fc.constantFrom(
          path,
          `${path}/`,
          `${path}/x`,
          `/${path}`,
          path.slice(0, -1),
          path.toUpperCase(),
          `${path}%00`,
          `${path};a=b`,
        ),
      ),
    fc
      .array(hostileText, { maxLength: 4 })
      .map((parts) => `/${parts.map((part) => encodeURIComponent(part.toWellFormed())).join('/')}`),
    fc.webPath(),
  );
  const requests = fc.record({
    method: fc.constantFrom('GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'PROPFIND', 'get', 'x'),
    path: paths.map((path) => (path.startsWith('/') ? path : `/${path}`)),
    headers: fc
      .constantFrom(...context().authorizations)
      .map((authorization): Record<string, string> => (authorization === undefined ? {} : { authorization })),
    body: fc.constant(undefined),
  });
  await hold(requests, runs * 5, async (request) => {
    const answer = await sound(request, isOpenPath(request.path));
    expect([200, 204, 400, 401, 403, 404, 405, 415, 422]).toContain(answer.status);
    if (answer.status === 405) expect(answer.headers.get('allow')).toMatch(/^[A-Z]+(, [A-Z]+)*$/);
  });
});

test('afterwards the service is well, has noted no fault of its own, and the cluster tells of no other writes', async () => {
  const { service, tokens, asked } = arena;

  expect((await service.get('/livez')).status).toBe(200);
  expect((await service.get('/health', { authorization: `Bearer ${tokens.admin}` })).body).toMatchObject({
    status: 'healthy',
  });
  expect(service.logLines.filter((line) => line.includes('"level":"error"'))).toEqual([]);
  await expect.poll(() => arena.writesInAudit()).toBe(asked.written());
  for (const token of Object.values(tokens)) expect(service.logLines.join('')).not.toContain(token);
});

async function hold(
  requests: fc.Arbitrary<FuzzRequest>,
  numRuns: number,
  holds: (request: FuzzRequest) => Promise<void>,
): Promise<void> {
  await fc.assert(fc.asyncProperty(requests, holds), { seed, numRuns });
}

function context(): RequestContext {
  const { tokens, executions } = arena;
  return {
    resolve: (reference) => part(reference),
    words: fuzzWords({ executions, token: tokens.admin, namespace: home }),
    parameter: (given) => ('$ref' in given ? part(given.$ref) : given),
    authorizations: [
      ...Array.from({ length: 12 }, () => `Bearer ${tokens.admin}`),
      `Bearer ${tokens.operator}`,
      `Bearer ${tokens.operator}`,
      `Bearer ${tokens.viewer}`,
      `Bearer ${tokens.expired}`,
      'Bearer wrong',
      'Basic YTpi',
      undefined,
    ],
  };
}

/** Sends it, and asserts what holds for every answer. */
async function sound(request: FuzzRequest, open: boolean): Promise<Answer> {
  const { service, asked } = arena;
  const before = { rows: await rowVersions(service), audit: (await auditSince(service, 0)).last };
  const stopped = await service.sql`select from control where stopped`;
  asked.writes.length = 0;

  const answer = await answered(request);
  await quiet();

  const text = typeof answer.body === 'string' ? answer.body : JSON.stringify(answer.body ?? '');
  expect(text).not.toMatch(/node_modules|\bat \S+ \(|postgres:\/\/|\[object |undefined/);
  for (const token of Object.values(arena.tokens)) expect(text).not.toContain(token);
  if (!open && isBad(request.headers['authorization'])) expect(answer.status).toBe(401);
  if (answer.status >= 500)
    expect({ ...answer.body, stopped: stopped.length > 0 }).toMatchObject({ code: 'emergency_stop', stopped: true });
  if (answer.status >= 400 && request.method !== 'HEAD')
    expectProblem(answer, { status: answer.status, code: answer.body?.code, ...sentIn(request) });
  const isRead = ['GET', 'HEAD'].includes(request.method) || /^\/api\/v1\/evaluate\b/.test(request.path);
  if (answer.status >= 400 || isRead) {
    expect(await rowVersions(service)).toEqual(before.rows);
    const { types } = await auditSince(service, before.audit);
    expect(types.filter((type) => type !== 'request.denied')).toEqual([]);
  }
  if (answer.status >= 400 || isRead || answer.body?.dry_run === true) expect(asked.writes).toEqual([]);
  // A stop stands for one request more.
  await service.sql`update control set stopped = false where changed_at < now() - interval '20 milliseconds'`;
  return answer;
}

async function answered({ method, path, headers, body }: FuzzRequest): Promise<Answer> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`No answer within ${longestMs} ms`)), longestMs);
  });
  const sent = async () => {
    const response = await arena.service.app.request(path, {
      method,
      headers,
      ...(body === undefined ? {} : { body }),
    });
    const text = await response.text();
    return { status: response.status, headers: response.headers, body: parsed(text) };
  };
  return await Promise.race([sent(), late]).finally(() => clearTimeout(timer));
}

/** Whether the body is one that the document does not allow. A login by its header needs none, and reads none. */
function isWrong(name: string, { body, headers }: FuzzRequest): boolean {
  if (typeof body !== 'string' || (name === 'POST /session' && headers['authorization'] !== undefined)) return false;
  const sent = parsed(body);
  return sent !== undefined && typeof sent !== 'string' && allowsBody(name, sent) === false;
}

/** What a request has set going is over before the next is sent. */
async function quiet(): Promise<void> {
  for (const end = performance.now() + longestMs; performance.now() < end;) {
    const [row] = await arena.service
      .sql`select from execution where status in ('running', 'unknown') or waits_for = '@start'`;
    if (!row) return;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  throw new Error('What the request has begun does not end');
}

/** Where pointers lead: into the body, or to a header or a member of the query. */
function sentIn({ path, headers, body }: FuzzRequest): { sent?: unknown } {
  const query = Object.fromEntries(new URLSearchParams(path.split('?')[1] ?? ''));
  const lowered = Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
  const sent = typeof body === 'string' ? parsed(body) : undefined;
  return { sent: { ...query, ...lowered, ...(typeof sent === 'object' ? sent : {}) } };
}

function parsed(text: string): unknown {
  try {
    return text === '' ? undefined : JSON.parse(text);
  } catch {
    return text;
  }
}

function isBad(authorization: string | undefined): boolean {
  const { admin, operator, viewer } = arena.tokens;
  return ![admin, operator, viewer].some((token) => authorization === `Bearer ${token}`);
}

function isOpen({ security }: Operation): boolean {
  return security?.length === 0;
}

/** Whether it may be one of the paths that answer everybody; slashes and letters that are written otherwise may make it one. */
function isOpenPath(path: string): boolean {
  const { pathname } = new URL(`http://executor/${path}`);
  const plain = `/${pathname.split('/').filter(Boolean).join('/')}`;
  const open = Object.entries(document.paths).flatMap(([each, methods]) =>
    Object.values(methods).some((operation) => isOpen(asOperation(operation))) ? [each] : [],
  );
  return ['/', '/docs', ...open].includes(plain);
}

/** The document is JSON; what is read here of an operation is checked by the schema of OpenAPI. */
function asOperation(operation: unknown): Operation {
  return operation as Operation;
}

/** What a reference within the document leads to. */
function part<Part>(reference: string): Part {
  const keys = reference.replace('#/', '').split('/');
  return keys.reduce<unknown>((value, key) => (value as Record<string, unknown>)[key], document) as Part;
}
