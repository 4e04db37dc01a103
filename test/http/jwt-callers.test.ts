import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { generateKeyPair, SignJWT, UnsecuredJWT } from 'jose';
import { type Service, startService } from '../support/service.ts';
import { expectProblem } from './expect-problem.ts';
import { type Issuer, startIssuer } from './issuer.ts';

let issuer: Issuer;
let service: Service;

const roles = JSON.stringify([
  { role: 'viewer', callers: ['jwt:ada'] },
  { role: 'admin', groups: ['sre', 'system:masters'] },
]);

beforeAll(async () => {
  issuer = await startIssuer();
  service = await startService({ env: { ...issuer.env, EXECUTOR_AUTH_ROLES: roles } });
});

afterAll(async () => {
  await service?.close();
  await issuer?.close();
});

const bearer = (token: string) => ({ authorization: `Bearer ${token}` });
const seconds = (fromNow: number) => Math.floor(Date.now() / 1000) + fromNow;

async function statusOf(token: string, replica: Pick<Service, 'get'> = service): Promise<number> {
  return (await replica.get('/session', bearer(token))).status;
}

/** Nothing is done by it, but it is asked for as an effect. */
const notify = (token: string) =>
  service.post('/api/v1/execute', { action: 'notify_only', parameters: { message: 'hello' } }, bearer(token));

describe('a token of the issuer', () => {
  test('is a caller by its name and its groups, and the row says so', async () => {
    const sre = await notify(await issuer.token({ sub: 'grace', groups: ['sre'] }));

    expect(sre.body).toMatchObject({ status: 'completed', requested_by: 'jwt:grace' });
    expectProblem(await notify(await issuer.token({ sub: 'ada' })), { status: 403, code: 'permission_denied' });
  });

  test('gives nobody the groups that are Kubernetes’ own', async () => {
    const answer = await notify(await issuer.token({ sub: 'eve', groups: ['system:masters'] }));

    expectProblem(answer, { status: 403, code: 'permission_denied' });
  });

  test.each([
    ['has expired', { exp: seconds(-1) }],
    ['never expires', { exp: undefined }],
    ['is for somebody else', { aud: 'another' }],
    ['is of another issuer', { iss: 'https://another' }],
    ['is not yet good', { nbf: seconds(60) }],
    ['has no name', { sub: undefined }],
    ['has a name of two lines', { sub: 'ada\nroot' }],
  ])('that %s is 401', async (_why, claims) => {
    const token = await issuer.token({ sub: 'ada', ...claims });

    expectProblem(await service.get('/api/v1/actions', bearer(token)), { status: 401, code: 'unauthenticated' });
  });

  test('is 401 where it is signed by another key, by a secret or by nobody', async () => {
    const good = await issuer.token({ sub: 'ada' });
    const claims = { iss: issuer.env['EXECUTOR_AUTH_JWT_ISSUER'] ?? '', aud: 'executor', sub: 'ada', exp: seconds(60) };
    const { privateKey } = await generateKeyPair('ES256');
    const forged = [
      await new SignJWT(claims).setProtectedHeader({ alg: 'ES256', kid: 'key-1' }).sign(privateKey),
      await new SignJWT(claims)
        .setProtectedHeader({ alg: 'HS256', kid: 'key-1' })
        .sign(new TextEncoder().encode('key'.repeat(20))),
      new UnsecuredJWT(claims).encode(),
      good.slice(0, -4),
    ];

    expect(await statusOf(good)).toBe(200);
    for (const token of forged) expect(await statusOf(token)).toBe(401);
  });
});

describe('keys', () => {
  test('that are new count as soon as the pause is over; known ones go on while the issuer is away', async () => {
    const old = await issuer.token({ sub: 'ada' });
    expect(await statusOf(old)).toBe(200);
    await issuer.rotate();
    const fresh = await issuer.token({ sub: 'ada' });
    const began = performance.now();
    while ((await statusOf(fresh)) !== 200 && performance.now() - began < 30_000) {
      await new Promise((resolve) => setTimeout(resolve, 200));
    }

    expect(await statusOf(fresh)).toBe(200);
    expect(await statusOf(old)).toBe(200);
    issuer.away = true;
    expect(await statusOf(fresh)).toBe(200);
    // A key that nobody knows makes the service look, in vain.
    await issuer.rotate();
    expect(await statusOf(await issuer.token({ sub: 'ada' }))).toBe(401);
    expect(await statusOf(old)).toBe(200);
    issuer.away = false;
  }, 40_000);

  test('are not fetched for each token that names an unknown one', async () => {
    const before = issuer.fetched;
    await issuer.rotate();
    issuer.publish(0);
    const tokens = await Promise.all(Array.from({ length: 20 }, () => issuer.token({ sub: 'ada' })));
    await Promise.all(tokens.map((token) => statusOf(token)));

    expect(issuer.fetched - before).toBeLessThanOrEqual(1);
    issuer.publish(Number.POSITIVE_INFINITY);
  });

  test('that could never be fetched are 503, with the time to come back, and what is open stays open', async () => {
    issuer.away = true;
    const replica = await service.replica();
    const answer = await replica.get('/api/v1/actions', bearer(await issuer.token({ sub: 'ada' })));

    expectProblem(answer, { status: 503, code: 'service_unavailable' });
    expect(answer.headers.get('retry-after')).toBeTruthy();
    expect((await replica.get('/livez')).status).toBe(200);
    issuer.away = false;
  });
});
