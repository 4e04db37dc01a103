import { getCookie } from 'hono/cookie';
import type { Context } from 'hono';
import { Refusal } from '../actions/refusal.ts';

/** The cookie in which a browser keeps its token. No script can read it. */
export const sessionCookie = 'executor_session';

const longestToken = 16 * 1024;
const bearer = /^bearer +([A-Za-z0-9._~+/-]+=*) *$/i;

/**
 * The token that came with a request: in its Authorization, else in the cookie of a session. Undefined where there is none, or
 * what is there is none.
 */
export function tokenOf(c: Context): string | undefined {
  const header = c.req.header('authorization');
  if (header !== undefined) return bearerToken(header);
  const cookie = getCookie(c, sessionCookie);
  return cookie === undefined ? undefined : bearerToken(`Bearer ${cookie}`);
}

/** The token of such a header. */
export function bearerToken(header: string): string | undefined {
  return header.length > longestToken ? undefined : bearer.exec(header)?.[1];
}

/**
 * A browser sends the cookie whoever has made it ask. What changes something must come from a page of this service's own, which
 * the browser says.
 */
export function refuseForeignPage(c: Context): void {
  if (['GET', 'HEAD', 'OPTIONS'].includes(c.req.method) || c.req.header('authorization') !== undefined) return;
  if (c.req.header('sec-fetch-site') === 'same-origin') return;
  throw new Refusal('permission_denied', 'A session changes something only from a page of this service', {
    hint: 'Send Authorization: Bearer; a browser says Sec-Fetch-Site: same-origin by itself',
  });
}
