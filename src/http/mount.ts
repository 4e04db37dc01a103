import { Hono } from 'hono';
import { routePath } from 'hono/route';
import { Refusal } from '../actions/refusal.ts';
import { admitCaller } from './admit-caller.ts';
import { problemResponse } from './problem.ts';
import type { Runtime } from './runtime.ts';

/** Adds an endpoint's routes to an app. */
export type Routes = (app: Hono, runtime: Runtime) => void;

/** One app of several endpoints: every request has its span, every fault its problem document. */
export function mount(endpoints: readonly Routes[], runtime: Runtime): Hono {
  const app = new Hono({ strict: false });
  app.use(async (c, next) => {
    await runtime.observeRequest(
      c.req.raw,
      () => routePath(c, -1),
      async () => {
        await next();
        const requestId = c.req.header('x-request-id');
        if (requestId && /^[\w.:/+=-]{1,200}$/.test(requestId)) c.res.headers.set('x-request-id', requestId);
        return c.res;
      },
    );
  });
  app.use(async (c, next) => {
    c.set('rights', await admitCaller(c, runtime));
    await next();
  });
  for (const routes of endpoints) routes(app, runtime);
  app.onError((error, c) => problemResponse(error, c.req.raw, runtime));
  app.notFound((c) => {
    const allowed = allowedMethods(app, c.req.path);
    const response = problemResponse(nothingThere(c.req.method, c.req.path, allowed), c.req.raw, runtime);
    if (allowed.length > 0) response.headers.set('allow', allowed.join(', '));
    return response;
  });
  return app;
}

const methods = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'];

function nothingThere(method: string, path: string, allowed: readonly string[]): Refusal {
  if (allowed.length === 0) {
    return new Refusal('not_found', `There is nothing at ${path.slice(0, 200)}`);
  }
  return new Refusal('method_not_allowed', `${path.slice(0, 200)} does not take ${method}`, {
    hint: `Use ${allowed.join(' or ')}`,
  });
}

/** The methods that have a handler of their own at this path; middleware does not count. */
function allowedMethods(app: Hono, path: string): string[] {
  const own = methods.filter((method) =>
    app.router.match(method, path)[0].some(([[, route]]) => route.method === method),
  );
  return own.includes('GET') ? [...own, 'HEAD'] : own;
}
