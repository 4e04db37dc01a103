import type { Hono } from 'hono';
import { mount, type Routes } from './http/mount.ts';
import type { Runtime } from './http/runtime.ts';

/** One endpoint, or a few that belong together, deployable alone. */
export interface HttpFunction {
  routes: Routes;
  /** The app on its own, once there is a runtime. */
  app(runtime: Runtime): Hono;
  /** The entry point of an edge runtime: the Runtime is built from the bindings. */
  fetch(request: Request, env: Record<string, unknown>, context?: EdgeContext): Promise<Response>;
}

/** The part of an edge runtime's context that is used: work that goes on after the answer. */
export interface EdgeContext {
  waitUntil(work: Promise<unknown>): void;
}

/**
 * Declares an endpoint.
 *
 * @example
 * export default defineFunction((app) => app.get('/livez', (c) => c.json({ status: 'alive' })));
 */
export function defineFunction(routes: Routes): HttpFunction {
  const app = (runtime: Runtime) => mount([routes], runtime);
  return {
    routes,
    app,
    async fetch(request, env, context) {
      // Loaded only where a function runs alone: a server hands its own runtime in.
      const { openEdgeRuntime } = await import('./platform/edge.ts');
      const opened = await openEdgeRuntime(env).catch(misconfigured);
      if (opened instanceof Response) return opened;
      const answered = Promise.resolve(app(opened.runtime).fetch(request));
      const closed = answered.then(opened.close, opened.close);
      context?.waitUntil(closed);
      return await answered;
    },
  };
}

/** The faults go to the worker's log; a caller learns only that there are some. */
function misconfigured(error: unknown): Response {
  console.error(error instanceof Error ? error.message : error);
  const body = {
    code: 'internal_error',
    status: 500,
    title: 'Internal error',
    detail: 'The function is not configured; its log says what is wrong',
  };
  return new Response(JSON.stringify(body), { status: 500, headers: { 'content-type': 'application/problem+json' } });
}
