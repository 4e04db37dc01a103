import { createHash, randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ConnectedCluster } from '../../src/platform/kubernetes-connection.ts';
import { connectTestClient, createDeployment, createNamespace, ensureNodes } from '../support/cluster.ts';
import { type Answer, type Service, startService } from '../support/service.ts';
import { expectProblem } from './expect-problem.ts';

const names = ['viewer', 'operator', 'narrow', 'approver', 'admin', 'nobody', 'late'] as const;
type Name = (typeof names)[number];
const tokens = Object.fromEntries(names.map((name) => [name, randomBytes(24).toString('hex')])) as Record<Name, string>;

let cluster: ConnectedCluster;
let service: Service;
let own: string;
let foreign: string;

function bearer(name: Name): Record<string, string> {
  return { authorization: `Bearer ${tokens[name]}` };
}

function settings(): Record<string, string> {
  const role = (name: string, caller: Name, more: object = {}) => ({
    role: name,
    callers: [`static:${caller}`],
    ...more,
  });
  return {
    EXECUTOR_AUTH_TOKENS: JSON.stringify(
      names.map((name) => ({
        name,
        hash: `sha256:${createHash('sha256').update(tokens[name]).digest('hex')}`,
        ...(name === 'late' ? { expires_at: '2020-01-01T00:00:00Z' } : {}),
      })),
    ),
    EXECUTOR_AUTH_ROLES: JSON.stringify([
      role('viewer', 'viewer', { namespaces: [own] }),
      role('operator', 'operator', { namespaces: [own] }),
      role('operator', 'narrow', { namespaces: [own], actions: ['scale-deployment'] }),
      role('approver', 'approver'),
      role('admin', 'admin'),
      role('admin', 'late'),
    ]),
  };
}

beforeAll(async () => {
  cluster = await connectTestClient();
  await ensureNodes(cluster, ['node-1', 'node-2']);
  own = await createNamespace(cluster, 'own');
  foreign = await createNamespace(cluster, 'foreign');
  await createDeployment(cluster, { namespace: own, name: 'web', replicas: 1 });
  await createDeployment(cluster, { namespace: foreign, name: 'web', replicas: 1 });
  service = await startService({ env: settings() });
}, 60_000);

afterAll(async () => {
  await service?.close();
  for (const name of [own, foreign]) await cluster.delete({ apiVersion: 'v1', kind: 'Namespace', name });
  await cluster?.close();
});

function scale(as: Name, namespace: string, name: string, replicas: number, more: object = {}): Promise<Answer> {
  const body = { action: 'scale_deployment', parameters: { namespace, resource_name: name, replicas }, ...more };
  return service.post('/api/v1/execute', body, bearer(as));
}

describe('somebody unknown', () => {
  test.each([
    ['GET', '/api/v1/executions'],
    ['GET', '/api/v1/status/x'],
    ['GET', '/api/v1/actions'],
    ['POST', '/api/v1/execute'],
    ['PUT', '/api/v1/execute'],
    ['POST', '/api/v1/executions/x/cancel'],
    ['GET', '/session'],
    ['GET', '/nothing'],
    ['GET', '/healthz'],
    ['GET', '//health'],
    ['GET', '/health/x'],
  ])('gets 401 and WWW-Authenticate for %s %s', async (method, path) => {
    const response = await service.app.request(path, { method });

    expect(response.status).toBe(401);
    expect(response.headers.get('www-authenticate')).toBe('Bearer');
    expect(await response.json()).toMatchObject({ code: 'unauthenticated', hint: expect.stringContaining('Bearer') });
  });

  test.each([
    '',
    'Bearer',
    'Bearer ',
    'Basic YTpi',
    'Bearer a b',
    'Bearer ä',
    `Bearer ${'a'.repeat(20_000)}`,
    'Bearer wrong',
  ])('gets 401 for Authorization: %.30s', async (authorization) => {
    const headers = { authorization: Buffer.from(authorization).toString('latin1') };

    expectProblem(await service.get('/api/v1/actions', headers), { status: 401, code: 'unauthenticated' });
  });

  test('is answered by what is open, and told of /health nothing but the status', async () => {
    for (const path of ['/livez', '/readyz', '/openapi.json', '/livez/'])
      expect((await service.get(path)).status).toBe(200);
    const bare = await service.get('/health');
    const wrong = await service.get('/health', { authorization: 'Bearer wrong' });
    const known = await service.get('/health', bearer('viewer'));

    expect(bare.body).toEqual({ status: 'healthy' });
    expect(wrong.body).toEqual({ status: 'healthy' });
    expect(known.body).toMatchObject({ status: 'healthy', checks: { database: { status: 'up' } } });
  });

  test('is one whose token has expired', async () => {
    expectProblem(await scale('late', own, 'web', 2), { status: 401, code: 'unauthenticated' });
  });
});

describe('roles', () => {
  test('an operator acts in their namespace, and the row, the answer, the event and the log line name them', async () => {
    const { body } = await scale('operator', own, 'web', 2);

    expect(body).toMatchObject({ status: 'completed', requested_by: 'static:operator' });
    const status = await service.get(`/api/v1/status/${body.action_id}`, bearer('viewer'));
    expect(status.body.requested_by).toBe('static:operator');
    const [event] =
      await service.sql`select data from execution_event where execution_id = ${body.action_id} order by id`;
    expect(event?.['data']).toMatchObject({ requested_by: 'static:operator' });
    const line = service.logLines.find((each) => each.includes(body.action_id) && each.includes('completed'));
    expect(line).toContain('static:operator');
  });

  test.each<[Name, string]>([
    ['viewer', 'own'],
    ['approver', 'own'],
    ['nobody', 'own'],
    ['operator', 'foreign'],
  ])(
    'a %s gets 403 for a target in the %s namespace, the same whether it exists, and nothing is asked of the cluster',
    async (as, where) => {
      const namespace = where === 'own' ? own : foreign;
      const there = await scale(as, namespace, 'web', 3);
      const missing = await scale(as, namespace, 'none', 3);
      const dry = await scale(as, namespace, 'web', 3, { dry_run: true });

      for (const answer of [there, missing, dry]) expectProblem(answer, { status: 403, code: 'permission_denied' });
      expect({ ...there.body, trace_id: '' }).toEqual({ ...missing.body, trace_id: '' });
      expect(there.body.detail).toBe(`static:${as} may not execute scale_deployment in namespace ${namespace}`);
      const rows =
        await service.sql`select from execution where namespace = ${namespace} and requested_by = ${`static:${as}`}`;
      expect(rows).toHaveLength(0);
    },
  );

  test('a target of the cluster needs all namespaces', async () => {
    const cordon = (as: Name) =>
      service.post('/api/v1/execute', { action: 'cordon_node', parameters: { node_name: 'no-such-node' } }, bearer(as));

    expectProblem(await cordon('operator'), { status: 403, code: 'permission_denied' });
    expectProblem(await cordon('admin'), { status: 404, code: 'target_not_found' });
  });

  test('somebody who has one action may do no other', async () => {
    const restart = { action: 'restart_deployment', parameters: { namespace: own, resource_name: 'web' } };

    expect((await scale('narrow', own, 'web', 2)).status).toBe(200);
    expectProblem(await service.post('/api/v1/execute', restart, bearer('narrow')), {
      status: 403,
      code: 'permission_denied',
    });
  });

  test('what is in a namespace that somebody may not see is 404, and absent from lists and exports', async () => {
    const { body } = await scale('admin', foreign, 'web', 2);
    const paths = [
      ['get', `/api/v1/status/${body.action_id}`],
      ['post', `/api/v1/executions/${body.action_id}/cancel`],
      ['post', `/api/v1/executions/${body.action_id}/rollback`],
      ['post', `/api/v1/executions/${body.action_id}/resume`],
    ] as const;

    for (const [method, path] of paths) {
      const answer =
        method === 'get'
          ? await service.get(path, bearer('operator'))
          : await service.post(path, {}, bearer('operator'));
      expectProblem(answer, { status: 404, code: 'execution_not_found' });
      const none = path.replace(body.action_id, 'no-such-execution');
      const missing =
        method === 'get'
          ? await service.get(none, bearer('operator'))
          : await service.post(none, {}, bearer('operator'));
      expect(answer.body.detail.replace(body.action_id, 'no-such-execution')).toBe(missing.body.detail);
    }
    const list = async (as: Name, query = '') => {
      const answer = await service.get(`/api/v1/executions${query}`, bearer(as));
      return new Set(answer.body.items.map((item: { target: { namespace: string } }) => item.target.namespace));
    };
    expect(await list('admin')).toEqual(new Set([own, foreign]));
    expect(await list('operator')).toEqual(new Set([own]));
    expect(await list('operator', `?namespace=${foreign}`)).toEqual(new Set());
    expect(await list('operator', `?namespace=${own}`)).toEqual(new Set([own]));
    expect(await list('nobody')).toEqual(new Set());
    const file = await service.get('/api/v1/executions?format=csv', bearer('operator'));
    expect(file.body).toContain(own);
    expect(file.body).not.toContain(foreign);
  });

  test('a viewer may not take back what they see; an operator may, and the list shows it to who has the action', async () => {
    const { body } = await scale('operator', own, 'web', 1);
    const path = `/api/v1/executions/${body.action_id}/rollback`;

    expectProblem(await service.post(path, {}, bearer('viewer')), { status: 403, code: 'permission_denied' });
    const undone = await service.post(path, {}, bearer('narrow'));
    expect(undone.body).toMatchObject({
      status: 'completed',
      requested_by: 'static:narrow',
      rollback_of: body.action_id,
    });
    const seen = await service.get('/api/v1/executions', bearer('narrow'));
    expect(seen.body.items.map((item: { action_id: string }) => item.action_id)).toContain(undone.body.action_id);
    expect((await service.get(`/api/v1/status/${undone.body.action_id}`, bearer('narrow'))).status).toBe(200);
  });
});

describe('keys', () => {
  test('of two callers are two keys', async () => {
    const body = { action: 'scale_deployment', parameters: { namespace: own, resource_name: 'web', replicas: 2 } };
    const headers = (as: Name) => ({ ...bearer(as), 'idempotency-key': 'same' });
    const first = await service.post('/api/v1/execute', body, headers('operator'));
    const second = await service.post('/api/v1/execute', body, headers('narrow'));
    const again = await service.post('/api/v1/execute', body, headers('operator'));

    expect(second.body.action_id).not.toBe(first.body.action_id);
    expect(again.body.action_id).toBe(first.body.action_id);
    expect(again.headers.get('idempotent-replayed')).toBe('true');
  });

  test('an action_id of somebody else, whose namespace one may not see, is taken and tells nothing more', async () => {
    const id = `taken-${own}`;
    await scale('admin', foreign, 'web', 1, { action_id: id });
    const answer = await scale('operator', own, 'web', 2, { action_id: id });

    expectProblem(answer, { status: 422, code: 'validation_failed' });
    expect(JSON.stringify(answer.body)).not.toContain(foreign);
  });
});

describe('sessions', () => {
  const cookieOf = (answer: Answer) => answer.headers.get('set-cookie')?.split(';')[0] ?? '';

  test('a browser logs in with a token, reads with the cookie, and changes something only from a page of this service', async () => {
    const login = await service.post('/session', { token: tokens.operator }, { 'sec-fetch-site': 'same-origin' });
    const cookie = cookieOf(login);

    expect(login.body).toEqual({ name: 'static:operator' });
    expect(login.headers.get('set-cookie')).toMatch(/HttpOnly/);
    expect(login.headers.get('set-cookie')).toMatch(/SameSite=Strict/);
    expect((await service.get('/api/v1/executions', { cookie })).status).toBe(200);
    expect((await service.get('/session', { cookie })).body).toEqual({ name: 'static:operator' });
    const body = {
      action: 'scale_deployment',
      parameters: { namespace: own, resource_name: 'web', replicas: 2 },
      dry_run: true,
    };
    const sites: Record<string, string>[] = [
      {},
      { 'sec-fetch-site': 'cross-site' },
      { 'sec-fetch-site': 'same-site' },
      { 'sec-fetch-site': 'none' },
    ];
    for (const site of sites) {
      expectProblem(await service.post('/api/v1/execute', body, { cookie, ...site }), {
        status: 403,
        code: 'permission_denied',
      });
    }
    const sent = await service.post('/api/v1/execute', body, { cookie, 'sec-fetch-site': 'same-origin' });
    expect(sent.body).toMatchObject({ success: true, requested_by: 'static:operator' });
  });

  test('the cookie goes over TLS alone where the browser uses it', async () => {
    const login = await service.post('/session', { token: tokens.viewer }, { 'x-forwarded-proto': 'https' });

    expect(login.headers.get('set-cookie')).toMatch(/Secure/);
  });

  test('a wrong token, and a page of somebody else, begin none', async () => {
    expectProblem(await service.post('/session', { token: 'wrong' }), { status: 401, code: 'unauthenticated' });
    expectProblem(await service.post('/session', {}), { status: 422, code: 'validation_failed' });
    expectProblem(await service.post('/session', { token: tokens.viewer }, { 'sec-fetch-site': 'cross-site' }), {
      status: 403,
      code: 'permission_denied',
    });
    const cookie = 'executor_session=wrong';
    expectProblem(await service.get('/api/v1/actions', { cookie }), { status: 401, code: 'unauthenticated' });
  });
});

test('no token is in any log line or row', async () => {
  const rows = await service.sql`select to_jsonb(e) as row from execution e`;
  const written = service.logLines.join('') + JSON.stringify(rows);

  for (const token of Object.values(tokens)) expect(written).not.toContain(token);
});

test('the rate of effects is limited per caller, over all replicas, and says when the next may come', async () => {
  const limits = { EXECUTOR_RATE_LIMIT_REQUESTS: '3', EXECUTOR_RATE_LIMIT_PER: '5s' };
  const limited = await startService({ env: { ...settings(), ...limits } });
  try {
    const replicas = [limited, await limited.replica()];
    const body = { action: 'scale_deployment', parameters: { namespace: own, resource_name: 'none', replicas: 2 } };
    const send = async (replica: number, as: Name, more: object = {}) => {
      const answer = await replicas[replica % 2]?.post('/api/v1/execute', { ...body, ...more }, bearer(as));
      if (!answer) throw new Error('There is no such replica');
      return answer;
    };
    const sent = await Promise.all(Array.from({ length: 8 }, (_, index) => send(index, 'operator')));
    const [refused] = sent.filter(({ status }) => status === 429);
    if (!refused) throw new Error('None was refused');

    expect(sent.filter(({ status }) => status === 404)).toHaveLength(3);
    expectProblem(refused, { status: 429, code: 'rate_limited' });
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThanOrEqual(1);
    expect((await send(0, 'admin')).status).toBe(404);
    expect((await send(1, 'operator', { dry_run: true })).status).toBe(404);
    expect((await limited.get('/api/v1/executions', bearer('operator'))).status).toBe(200);
    const waitMs = new Date(refused.body.retry_at).getTime() - limited.runtime.executor.now().getTime();
    await new Promise((resolve) => setTimeout(resolve, Math.max(0, waitMs) + 50));
    expect((await send(1, 'operator')).status).toBe(404);
  } finally {
    await limited.close();
  }
}, 20_000);
