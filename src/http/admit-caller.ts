import type { Context } from 'hono';
import { Refusal } from '../actions/refusal.ts';
import { everything, nothing, type Rights } from '../callers/rights.ts';
import { refuseForeignPage, tokenOf } from './credentials.ts';
import type { Runtime } from './runtime.ts';

declare module 'hono' {
  interface ContextVariableMap {
    /** Of whoever asks. */
    rights: Rights;
  }
}

/** What answers somebody who has not said who they are. */
const openPaths = ['/', '/livez', '/readyz', '/health', '/metrics', '/openapi.json', '/docs'];

/** What the caller of a request may. 401 for everybody unknown, at whatever path, whether or not there is something. */
export async function admitCaller(c: Context, { callers }: Runtime): Promise<Rights> {
  const { authenticate, rightsOf } = callers;
  if (!authenticate) return everything;
  const open = isOpen(c);
  const token = tokenOf(c);
  // Only /health tells more to whom it knows.
  if (open && (token === undefined || pathOf(c) !== '/health')) return nothing;
  if (token === undefined) throw new Refusal('unauthenticated', 'The request says not who is calling');
  const caller = await authenticate(token).catch((error: unknown) => {
    if (!open) throw error;
  });
  if (caller) {
    if (!open) refuseForeignPage(c);
    return rightsOf(caller);
  }
  if (open) return nothing;
  throw new Refusal('unauthenticated', 'The token is not good, or no longer');
}

function isOpen(c: Context): boolean {
  return openPaths.includes(pathOf(c)) || (pathOf(c) === '/session' && c.req.method === 'POST');
}

/** A slash at its end makes no other path. */
function pathOf(c: Context): string {
  return c.req.path === '/' ? '/' : c.req.path.replace(/\/$/, '');
}
