import { afterAll, beforeAll, expect, test } from 'vitest';
import { type ReplicaProcess, startProcess } from '../support/process.ts';
import { createDatabase } from '../support/service.ts';
import { staticCallers } from './static-callers.ts';

/** As a browser does it: over a socket, with the cookie that it was given, on whichever replica it comes to. */

const { env, tokens } = staticCallers({
  ada: { role: 'admin' },
  late: { role: 'admin', expired: true },
  long: { role: 'admin', length: 5_000 },
});
let database: Awaited<ReturnType<typeof createDatabase>>;
let replicas: [ReplicaProcess, ReplicaProcess];

beforeAll(async () => {
  database = await createDatabase();
  replicas = [await startProcess(database.databaseUrl, env), await startProcess(database.databaseUrl, env)];
}, 60_000);

afterAll(async () => {
  for (const replica of replicas ?? []) await replica.kill();
  await database.drop();
});

const page = { 'sec-fetch-site': 'same-origin' };

function send(method: string, path: string, headers: Record<string, string>, body?: string, replica = 0) {
  return fetch(`${replicas[replica]?.url}${path}`, {
    method,
    headers: { ...headers, ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
    ...(body === undefined ? {} : { body }),
  });
}

async function cookieOfLogin(): Promise<string> {
  const login = await send('POST', '/session', page, JSON.stringify({ token: tokens.ada }));
  expect(login.status).toBe(200);
  return login.headers.getSetCookie()[0]?.split(';')[0] ?? '';
}

test('a session is good on every replica, and over once the browser has logged out', async () => {
  const cookie = await cookieOfLogin();
  const elsewhere = await send('GET', '/session', { cookie }, undefined, 1);
  const logout = await send('DELETE', '/session', { cookie, ...page });
  const [left = ''] = logout.headers.getSetCookie();

  expect(await elsewhere.json()).toEqual({ name: 'static:ada' });
  expect(logout.status).toBe(204);
  expect(left).toMatch(/^executor_session=;.*Max-Age=0/);
  expect((await send('GET', '/session', { cookie: left.split(';')[0] ?? '' })).status).toBe(401);
});

test.each([
  ['PUT', '/api/v1/controls', JSON.stringify({ scope: '*', stopped: true })],
  ['DELETE', '/session', undefined],
  ['POST', '/api/v1/executions/none/cancel', undefined],
  ['POST', '/api/v1/executions/none/acknowledge', undefined],
  ['POST', '/nothing', undefined],
])('a page of somebody else can make the browser do nothing: %s %s', async (method, path, body) => {
  const cookie = await cookieOfLogin();
  for (const site of [undefined, 'cross-site', 'same-site', 'none']) {
    const from: Record<string, string> = site === undefined ? {} : { 'sec-fetch-site': site };
    const answer = await send(method, path, { cookie, ...from }, body);

    expect(answer.status).toBe(403);
    expect(await answer.json()).toMatchObject({ code: 'permission_denied' });
  }
  expect(await (await send('GET', '/api/v1/controls', { cookie })).json()).toEqual({ items: [], next: null });
});

test('whoever sends Authorization is who that says, whatever the cookie', async () => {
  const cookie = await cookieOfLogin();

  for (const authorization of ['Bearer wrong', 'Basic YTpi', `Bearer ${tokens.late}`])
    expect((await send('GET', '/session', { cookie, authorization })).status).toBe(401);
});

test('a token that no browser would keep begins no session, and is good in the header', async () => {
  const login = await send('POST', '/session', page, JSON.stringify({ token: tokens.long }));
  const header = await send('GET', '/session', { authorization: `Bearer ${tokens.long}` });

  expect(login.status).toBe(422);
  expect(login.headers.getSetCookie()).toEqual([]);
  expect(await login.text()).not.toContain(tokens.long.slice(0, 100));
  expect(await header.json()).toEqual({ name: 'static:long' });
});

test('a token that has expired begins no session, and goes on with none', async () => {
  const login = await send('POST', '/session', page, JSON.stringify({ token: tokens.late }));

  expect(login.status).toBe(401);
  expect(login.headers.getSetCookie()).toEqual([]);
  expect((await send('GET', '/session', { cookie: `executor_session=${tokens.late}` })).status).toBe(401);
});

test.each([
  ['as the body itself', (token: string) => token],
  ['without a brace', (token: string) => `{"token": "${token}"`],
  ['without quotes', (token: string) => `{"token": ${token}}`],
  ['in single quotes', (token: string) => `{'token': '${token}'}`],
  ['in a list', (token: string) => JSON.stringify([token])],
  ['beside something unknown', (token: string) => JSON.stringify({ token, more: token })],
])('a token that comes %s is in no problem and no log line', async (_how, written) => {
  const answer = await send('POST', '/session', page, written(`secret-${tokens.ada}`));
  const text = await answer.text();

  expect([400, 422]).toContain(answer.status);
  for (const part of ['secret-', tokens.ada.slice(0, 6), tokens.ada.slice(-6)]) {
    expect(text).not.toContain(part);
    expect(replicas[0].output()).not.toContain(part);
  }
});
