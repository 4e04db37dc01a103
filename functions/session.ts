import { deleteCookie, setCookie } from 'hono/cookie';
import { Refusal } from '../src/actions/refusal.ts';
import { defineFunction } from '../src/define-function.ts';
import { bearerToken, sessionCookie } from '../src/http/credentials.ts';
import { parsed } from '../src/http/parse.ts';
import { readJson } from '../src/http/read-json.ts';
import { SessionBody } from '../src/http/session-body.ts';

/** `POST /session`: logs a browser in, by a cookie that no script can read. `GET`: who that is. `DELETE`: logs it out. */
export default defineFunction((app, { callers }) => {
  app.post('/session', async (c) => {
    if (!callers.authenticate) {
      throw new Refusal('not_found', 'There is no session: callers are not authenticated here', {
        hint: 'Ask without one',
      });
    }
    const site = c.req.header('sec-fetch-site');
    if (site !== undefined && site !== 'same-origin' && site !== 'none') {
      throw new Refusal('permission_denied', 'A session begins only from a page of this service');
    }
    const header = c.req.header('authorization');
    const token = bearerToken(header ?? `Bearer ${parsed(SessionBody, await readJson(c.req.raw)).token}`);
    const caller = token === undefined ? undefined : await callers.authenticate(token);
    if (token === undefined || !caller) throw new Refusal('unauthenticated', 'The token is not good, or no longer');
    if (token.length > longestInCookie) {
      throw new Refusal(
        'validation_failed',
        `Browsers keep no cookie as long as this token: ${token.length} characters`,
        {
          hint: 'Send it as Authorization: Bearer with each request, or log in with one that names fewer groups',
        },
      );
    }
    setCookie(c, sessionCookie, token, {
      path: '/',
      httpOnly: true,
      sameSite: 'Strict',
      secure: isEncrypted(c.req.url, c.req.header('x-forwarded-proto')),
    });
    c.header('cache-control', 'no-store');
    return c.json({ name: caller.name });
  });

  app.get('/session', (c) => c.json({ name: c.get('rights').name ?? null }));

  app.delete('/session', (c) => {
    deleteCookie(c, sessionCookie, { path: '/' });
    return c.body(null, 204);
  });
});

/** Of the 4,096 bytes that a browser keeps, its name and attributes take some. */
const longestInCookie = 3_900;

/** To the browser; what ends TLS before this service says so. */
function isEncrypted(url: string, forwarded: string | undefined): boolean {
  return new URL(url).protocol === 'https:' || forwarded?.split(',')[0]?.trim() === 'https';
}
