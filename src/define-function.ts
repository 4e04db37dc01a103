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
      const { runtime, close } = await openEdgeRuntime(env);
      const answered = Promise.resolve(app(runtime).fetch(request));
      context?.waitUntil(answered.then(close, close));
      return await answered;
    },
  };
}
