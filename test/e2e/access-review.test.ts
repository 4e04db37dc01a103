import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ConnectedCluster } from '../../src/platform/kubernetes-connection.ts';
import { expectProblem } from '../http/expect-problem.ts';
import { auditFromNow } from '../support/audit.ts';
import {
  connectTestClient,
  createDeployment,
  createNamespace,
  ensureNodes,
  eventually,
  onRealCluster,
} from '../support/cluster.ts';
import { type Answer, type Service, startService } from '../support/service.ts';

const rbac = 'rbac.authorization.k8s.io/v1';
const cacheMs = 1_000;
/** By it the audit log tells this service's calls from those of other tests. */
const userAgent = 'executor-reviews';

let cluster: ConnectedCluster;
let service: Service;
let own: string;
let foreign: string;
let bot: string;
let narrow: string;

beforeAll(async () => {
  cluster = await connectTestClient();
  await ensureNodes(cluster, ['node-1', 'node-2']);
  own = await createNamespace(cluster, 'own');
  foreign = await createNamespace(cluster, 'foreign');
  for (const namespace of [own, foreign]) await createDeployment(cluster, { namespace, name: 'web', replicas: 1 });
  for (const name of ['bot', 'narrow', 'leaver'])
    await cluster.create({ apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name, namespace: own } });
  await allow('bot', [{ verbs: ['get', 'execute'] }]);
  await allow('leaver', [{ verbs: ['get'] }]);
  await allow('narrow', [{ verbs: ['get', 'execute'], resourceNames: ['scale_deployment'] }]);
  bot = await tokenOf('bot');
  narrow = await tokenOf('narrow');
  service = await startService({
    userAgent,
    env: {
      EXECUTOR_AUTH_TOKEN_REVIEW_ENABLED: 'true',
      EXECUTOR_AUTH_TOKEN_REVIEW_CACHE: `${cacheMs}ms`,
      EXECUTOR_AUTH_AUTHORIZATION: 'access_review',
    },
  });
  // The API server hears of a new binding a moment after it was stored.
  await eventually(async () => expect((await scale(bot, own, { dry_run: true })).status).toBe(200));
  await eventually(async () => expect((await scale(narrow, own, { dry_run: true })).status).toBe(200));
}, 60_000);

afterAll(async () => {
  await service?.close();
  for (const name of [own, foreign]) await cluster.delete({ apiVersion: 'v1', kind: 'Namespace', name });
  await cluster?.close();
});

/** Rights on the actions of the test's own namespace. */
async function allow(account: string, rules: { verbs: string[]; resourceNames?: string[] }[]): Promise<void> {
  const metadata = { name: account, namespace: own };
  await cluster.create({
    apiVersion: rbac,
    kind: 'Role',
    metadata,
    rules: rules.map((rule) => ({ apiGroups: ['executor.kubernaut.io'], resources: ['actions'], ...rule })),
  });
  await cluster.create({
    apiVersion: rbac,
    kind: 'RoleBinding',
    metadata,
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: account },
    subjects: [{ kind: 'ServiceAccount', name: account, namespace: own }],
  });
}

/** As `kubectl create token` asks for it. */
async function tokenOf(account: string, audience = 'executor'): Promise<string> {
  const { status } = await cluster.create(
    {
      apiVersion: 'authentication.k8s.io/v1',
      kind: 'TokenRequest',
      metadata: { name: account, namespace: own },
      spec: { audiences: [audience], expirationSeconds: 600 },
    },
    { subresource: 'token' },
  );
  return (status as { token: string }).token;
}

const bearer = (token: string) => ({ authorization: `Bearer ${token}` });

function scale(token: string, namespace: string, more: object = {}, name = 'web'): Promise<Answer> {
  const body = { action: 'scale_deployment', parameters: { namespace, resource_name: name, replicas: 2 }, ...more };
  return service.post('/api/v1/execute', body, bearer(token));
}

describe('a service account', () => {
  test('acts where RBAC lets it, and is in the row by the name that Kubernetes gives it', async () => {
    const answer = await scale(bot, own);

    expect(answer.body).toMatchObject({
      status: 'completed',
      requested_by: `kubernetes:system:serviceaccount:${own}:bot`,
    });
  });

  test('gets 403 elsewhere, the same whether the target exists, before anything of it is read', async () => {
    const audit = await auditFromNow();
    const there = await scale(bot, foreign);
    const missing = await scale(bot, foreign, {}, 'none');
    const node = { action: 'cordon_node', parameters: { node_name: 'no-such-node' } };
    const wide = await service.post('/api/v1/execute', node, bearer(bot));

    for (const answer of [there, missing, wide]) expectProblem(answer, { status: 403, code: 'permission_denied' });
    expect({ ...there.body, trace_id: '' }).toEqual({ ...missing.body, trace_id: '' });
    const asked = await audit.requests({ userAgent });
    expect(
      asked.filter(({ objectRef }) => objectRef?.namespace === foreign || objectRef?.resource === 'nodes'),
    ).toEqual([]);
  });

  test('with one action alone may do that, and lists it when it names it', async () => {
    const restart = { action: 'restart_deployment', parameters: { namespace: own, resource_name: 'web' } };

    const scaled = await scale(narrow, own);
    expect(scaled.status).toBe(200);
    expectProblem(await service.post('/api/v1/execute', restart, bearer(narrow)), {
      status: 403,
      code: 'permission_denied',
    });
    expect((await service.get(`/api/v1/status/${scaled.body.action_id}`, bearer(narrow))).status).toBe(200);
    const all = await service.get('/api/v1/executions', bearer(narrow));
    const named = await service.get('/api/v1/executions?action=scale_deployment', bearer(narrow));
    expect(all.body.items).toEqual([]);
    expect(named.body.items.length).toBeGreaterThan(0);
  });

  test('sees in lists what is in its namespaces', async () => {
    await service.sql`update execution set namespace = ${foreign} where id = ${(await scale(bot, own)).body.action_id}`;
    const { body } = await service.get('/api/v1/executions', bearer(bot));

    expect(new Set(body.items.map((item: { target: { namespace: string } }) => item.target.namespace))).toEqual(
      new Set([own]),
    );
    expect((await service.get(`/api/v1/executions?namespace=${foreign}`, bearer(bot))).body.items).toEqual([]);
  });

  test.skipIf(!onRealCluster)('comes with what kubectl create token prints', async () => {
    const kubectl = async (...options: string[]) =>
      (await promisify(execFile)('kubectl', ['create', 'token', 'bot', '--namespace', own, ...options])).stdout.trim();
    const token = await kubectl('--audience', 'executor', '--duration', '10m');

    expect((await service.get('/session', bearer(token))).body.name).toBe(
      `kubernetes:system:serviceaccount:${own}:bot`,
    );
    expectProblem(await scale(token, foreign), { status: 403, code: 'permission_denied' });
    expectProblem(await scale(await kubectl(), own), { status: 401, code: 'unauthenticated' });
  });

  test('is 401 with a token for another audience, and with one that is altered', async () => {
    const other = await tokenOf('bot', 'somebody-else');

    for (const token of [other, `${bot.slice(0, -6)}AAAAAA`, 'none']) {
      expectProblem(await scale(token, own), { status: 401, code: 'unauthenticated' });
    }
  });

  test('that is taken away is refused once the cache is over', async () => {
    const token = await tokenOf('leaver');
    expect((await service.get('/session', bearer(token))).status).toBe(200);
    await cluster.delete({ apiVersion: 'v1', kind: 'ServiceAccount', namespace: own, name: 'leaver' });
    await new Promise((resolve) => setTimeout(resolve, cacheMs + 100));

    // The API server itself remembers a token for a moment.
    await eventually(async () => expect((await service.get('/session', bearer(token))).status).toBe(401), 15_000);
  });

  test('whose right is taken away is refused once the cache is over', async () => {
    await allow('later', [{ verbs: ['get', 'execute'] }]);
    await cluster.create({ apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'later', namespace: own } });
    const token = await tokenOf('later');
    await eventually(async () => expect((await scale(token, own, { dry_run: true })).status).toBe(200));
    await cluster.delete({ apiVersion: rbac, kind: 'RoleBinding', namespace: own, name: 'later' });
    await new Promise((resolve) => setTimeout(resolve, cacheMs + 100));

    await eventually(async () => expect((await scale(token, own, { dry_run: true })).status).toBe(403), 5_000);
  });
});

test('a token is reviewed once within the cache, and is in no log line or row', async () => {
  const token = await tokenOf('bot');
  const audit = await auditFromNow();
  await Promise.all(Array.from({ length: 10 }, () => service.get('/session', bearer(token))));

  const reviews = (await audit.requests({ userAgent })).filter(({ requestURI }) => requestURI.includes('tokenreviews'));
  expect(reviews).toHaveLength(1);
  const rows = await service.sql`select to_jsonb(e) as row from execution e`;
  const written = service.logLines.join('') + JSON.stringify(rows);
  for (const each of [token, bot, narrow]) expect(written).not.toContain(each.slice(-40));
});
