import { Hono } from 'hono';
import type { Kind } from '../kinds/kind.ts';
import { kindsOf } from '../kinds/served.ts';
import type { Store } from '../store/store.ts';
import { json, plain } from './answer.ts';
import { type AuditLog, newAuditId, verbOf } from './audit.ts';
import { aggregated, groupList, groupOf, resourceList } from './discovery.ts';
import { openApiIndex, openApiText } from './open-api.ts';
import { type ApiRequest, parsePath } from './request.ts';
import { route } from './route.ts';
import { StatusError, badRequest } from './status-error.ts';
import { fromProtobuf } from '../schema/protobuf.ts';
import { reviewAccess } from './access-review.ts';
import { reviewToken } from './service-account-token.ts';

const VERSION = 'v1.36.0+sandbox';
const DISCOVERY = 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList';

/** The API server: Hono routes for what describes the cluster, and one for everything that is in it. */
export function createApp(given: {
  store: Store;
  closing: AbortSignal;
  audit?: AuditLog;
  log: (message: string) => void;
}): Hono {
  const { store, closing, audit, log } = given;
  const app = new Hono();
  for (const path of ['/healthz', '/livez', '/readyz']) app.get(path, () => plain('ok'));
  app.get('/version', () => json(JSON.stringify(versionOf())));
  app.get('/openapi/v3', () => json(JSON.stringify(openApiIndex(kindsOf(store)))));
  app.get('/openapi/v3/*', (c) => described(openApiText(kindsOf(store), c.req.path.slice('/openapi/v3/'.length))));
  app.get('/api', (c) =>
    wantsAggregated(c.req.header('accept'))
      ? discovery(kindsOf(store), true)
      : json(JSON.stringify({ kind: 'APIVersions', versions: ['v1'] })),
  );
  app.get('/apis', (c) =>
    wantsAggregated(c.req.header('accept'))
      ? discovery(kindsOf(store), false)
      : json(JSON.stringify(groupList(kindsOf(store)))),
  );
  app.get('/api/:version', (c) => described(resourceList(kindsOf(store), '', c.req.param('version'))));
  app.get('/apis/:group', (c) => {
    const group = groupOf(kindsOf(store), c.req.param('group'));
    return described(group.versions.length > 0 ? { kind: 'APIGroup', apiVersion: 'v1', ...group } : undefined);
  });
  app.get('/apis/:group/:version', (c) =>
    described(resourceList(kindsOf(store), c.req.param('group'), c.req.param('version'))),
  );
  app.all('/:root{apis?}/*', async (c) => serve(c.req.raw));
  app.notFound(() => plain('404 page not found\n', 404));
  return app;

  async function serve(raw: Request): Promise<Response> {
    const received = store.now();
    const url = new URL(raw.url);
    const { entry, response } = await answerTo(raw, url);
    if (!audit) return response;
    const audited = {
      ...entry,
      id: raw.headers.get('audit-id') ?? newAuditId(),
      requestUri: url.pathname + url.search,
      userAgent: raw.headers.get('user-agent') ?? '',
      received,
    };
    if (audited.verb !== 'watch' || !response.body) {
      audit.record(audited, 'ResponseComplete', response.status, store.now());
      return response;
    }
    audit.record(audited, 'ResponseStarted', response.status, store.now());
    return whenEnded(response, () => audit.record(audited, 'ResponseComplete', response.status, store.now()));
  }

  async function answerTo(
    raw: Request,
    url: URL,
  ): Promise<{ entry: { verb: string; target?: ApiRequest['target']; body?: string }; response: Response }> {
    const isWatch = raw.method === 'GET' && ['true', '1'].includes(url.searchParams.get('watch') ?? '');
    let entry: { verb: string; target?: ApiRequest['target']; body?: string } = {
      verb: verbOf(raw.method, undefined, isWatch),
    };
    try {
      const target = parsed(store, url);
      const { body, contentType } = await bodyOf(raw);
      const headers = raw.headers;
      const common = {
        method: raw.method,
        url,
        query: url.searchParams,
        accept: headers.get('accept') ?? '',
        contentType,
        userAgent: headers.get('user-agent') ?? '',
        body,
        signal: raw.signal,
      };
      const reviewed = target ? undefined : review(store, url, common);
      // What a TokenReview is sent is a token: no log has it.
      const told = url.pathname.startsWith(TOKEN_REVIEWS) ? {} : { body };
      if (reviewed) return { entry: { verb: 'create', ...told }, response: reviewed };
      if (!target) return { entry, response: plain('404 page not found\n', 404) };
      entry = { verb: verbOf(raw.method, target, isWatch), target, ...(body ? { body } : {}) };
      return { entry, response: route(store, { ...common, target }, closing) };
    } catch (error) {
      return { entry, response: failure(error) };
    }
  }

  function failure(error: unknown): Response {
    if (error instanceof StatusError) return json(JSON.stringify(error.status), error.status.code);
    log(`sandbox: ${error instanceof Error ? error.stack : String(error)}`);
    const said = error instanceof Error ? error.message : String(error);
    return json(JSON.stringify(new StatusError(500, 'InternalError', `Internal error occurred: ${said}`).status), 500);
  }
}

/** Access reviews are answered, not stored: they are no kind of the store. */
const REVIEWS = '/apis/authorization.k8s.io/v1/';
const TOKEN_REVIEWS = '/apis/authentication.k8s.io/v1/tokenreviews';

function parsed(store: Store, url: URL): ApiRequest['target'] | undefined {
  if (url.pathname.startsWith(REVIEWS) || url.pathname === TOKEN_REVIEWS) return undefined;
  return parsePath(store, url.pathname);
}

function review(store: Store, url: URL, request: Omit<ApiRequest, 'target'>): Response | undefined {
  if (request.method !== 'POST') return undefined;
  if (url.pathname === TOKEN_REVIEWS) return reviewToken(store, request);
  if (!url.pathname.startsWith(REVIEWS)) return undefined;
  return reviewAccess(store, url.pathname.slice(REVIEWS.length), request);
}

/** As on the API server. */
const BODY_LIMIT = 3 * 1024 * 1024;

function tooLarge(): StatusError {
  return new StatusError(413, 'RequestEntityTooLarge', `Request entity too large: limit is ${BODY_LIMIT}`);
}

/** The body as text. What comes in protobuf is turned into JSON here, so that nothing further in has to know. */
async function bodyOf(raw: Request): Promise<{ body: string; contentType: string }> {
  const contentType = raw.headers.get('content-type') ?? '';
  if (raw.method === 'GET') return { body: '', contentType };
  if (Number(raw.headers.get('content-length') ?? 0) > BODY_LIMIT) throw tooLarge();
  const bytes = Buffer.from(await raw.arrayBuffer());
  if (bytes.length > BODY_LIMIT) throw tooLarge();
  if (!contentType.startsWith('application/vnd.kubernetes.protobuf')) return { body: bytes.toString(), contentType };
  if (bytes.length === 0) return { body: '', contentType: 'application/json' };
  try {
    return { body: JSON.stringify(fromProtobuf(bytes)), contentType: 'application/json' };
  } catch (error) {
    throw badRequest(`the object provided is unrecognized: ${error instanceof Error ? error.message : String(error)}`);
  }
}

function wantsAggregated(accept: string | undefined): boolean {
  return (
    accept
      ?.replaceAll(' ', '')
      .split(',')
      .some((part) => part.includes('as=APIGroupDiscoveryList') && part.includes('v=v2')) ?? false
  );
}

function discovery(served: readonly Kind[], core: boolean): Response {
  return json(JSON.stringify(aggregated(served, core)), 200, { 'content-type': DISCOVERY });
}

function described(value: unknown): Response {
  if (value === undefined) return plain('404 page not found\n', 404);
  return json(typeof value === 'string' ? value : JSON.stringify(value));
}

function versionOf(): unknown {
  return {
    major: '1',
    minor: '36',
    gitVersion: VERSION,
    gitCommit: 'sandbox',
    gitTreeState: 'clean',
    buildDate: '1970-01-01T00:00:00Z',
    goVersion: 'none',
    compiler: 'none',
    platform: 'sandbox/any',
  };
}

/** The same response; `ended` is called once its body is, however that comes about. */
function whenEnded(response: Response, ended: () => void): Response {
  const reader = response.body?.getReader();
  const body = new ReadableStream({
    async pull(controller) {
      const next = await reader?.read();
      if (next && !next.done) return controller.enqueue(next.value);
      ended();
      controller.close();
    },
    async cancel(reason) {
      ended();
      await reader?.cancel(reason);
    },
  });
  return new Response(body, { status: response.status, headers: response.headers });
}
