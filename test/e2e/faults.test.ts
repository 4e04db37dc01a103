import { randomUUID } from 'node:crypto';
import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { Fetch } from '../../src/kubernetes/transport.ts';
import type { ConnectedCluster } from '../../src/platform/kubernetes-connection.ts';
import { type ApiProxy, type Fault, startApiProxy } from '../support/api-proxy.ts';
import { auditFromNow } from '../support/audit.ts';
import {
  atRest,
  connectTestClient,
  createDeployment,
  createNamespace,
  ensureNodes,
  eventually,
} from '../support/cluster.ts';
import { type Service, startService } from '../support/service.ts';

let cluster: ConnectedCluster;
let namespace: string;

beforeAll(async () => {
  cluster = await connectTestClient();
  await ensureNodes(cluster, ['node-1', 'node-2', 'node-3']);
  namespace = await createNamespace(cluster, 'faults');
});

afterAll(async () => {
  await cluster.delete({ apiVersion: 'v1', kind: 'Namespace', name: namespace });
  await cluster.close();
});

const scale = (name: string, replicas: number) => ({ namespace, resource_name: name, replicas });

/** Does `act` to the first so many requests of that method, and lets the others through. */
function onFirst(
  method: string,
  times: number,
  act: (send: Fetch, ...request: Parameters<Fetch>) => ReturnType<Fetch>,
) {
  let left = times;
  return (send: Fetch): Fetch =>
    async (url, init) => {
      if (init.method !== method || left === 0) return await send(url, init);
      left -= 1;
      return await act(send, url, init);
    };
}

const reset = () =>
  new TypeError('fetch failed', { cause: Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET' }) });

test('a connection that drops after the commit is not a second mutation: the cluster is read, and shows it done', async () => {
  await createDeployment(cluster, { namespace, name: 'dropped', replicas: 1 });
  const audit = await auditFromNow();
  const service = await startService({
    faults: onFirst('PATCH', 1, async (send, url, init) => {
      await send(url, init);
      throw reset();
    }),
  });

  const answer = await service.execute('scale_deployment', scale('dropped', 2));

  expect(answer.body).toMatchObject({ status: 'completed', changed: true });
  expect(await audit.writes({ namespace, name: 'dropped' })).toEqual(['patch deployments/scale 200']);
  await service.close();
});

test('a connection that drops before the commit is tried again', async () => {
  await createDeployment(cluster, { namespace, name: 'lost', replicas: 1 });
  const service = await startService({
    faults: onFirst('PATCH', 1, () => {
      throw reset();
    }),
  });

  const answer = await service.execute('scale_deployment', scale('lost', 2));

  expect(answer.body).toMatchObject({ status: 'completed', changed: true });
  await service.close();
});

test('an object that somebody else changes between reading and writing is planned anew', async () => {
  await createDeployment(cluster, { namespace, name: 'raced', replicas: 1 });
  const service = await startService({
    faults: onFirst('PATCH', 1, async (send, url, init) => {
      await cluster.patch(
        { apiVersion: 'apps/v1', kind: 'Deployment', namespace, name: 'raced' },
        { type: 'merge', body: { spec: { replicas: 4 } } },
      );
      // What its controller writes meanwhile would be more changes by somebody else.
      await eventually(async () => {
        const { status } = await cluster.get({ apiVersion: 'apps/v1', kind: 'Deployment', namespace, name: 'raced' });
        expect(status).toMatchObject({ replicas: 4, readyReplicas: 4, availableReplicas: 4 });
      }, 5_000);
      return await send(url, init);
    }),
  });

  const answer = await service.execute('scale_deployment', scale('raced', 2));

  expect(answer.body).toMatchObject({ status: 'completed', changed: true });
  expect(answer.body.changes[0].before).toEqual({ '/spec/replicas': 4 });
  await service.close();
});

test('who changes an object in quick succession is given time to come to an end', async () => {
  await createDeployment(cluster, { namespace, name: 'busy', replicas: 1 });
  await atRest(cluster, { apiVersion: 'apps/v1', kind: 'Deployment', namespace, name: 'busy' });
  let busyUntilMs: number | undefined;
  const service = await startService({
    faults: (send) => async (url, init) => {
      if (init.method === 'PATCH') {
        const nowMs = performance.now();
        busyUntilMs ??= nowMs + 150;
        if (nowMs < busyUntilMs)
          await cluster.patch(
            { apiVersion: 'apps/v1', kind: 'Deployment', namespace, name: 'busy' },
            { type: 'merge', body: { metadata: { annotations: { 'test/changed-at': String(nowMs) } } } },
          );
      }
      return await send(url, init);
    },
  });

  const answer = await service.execute('scale_deployment', scale('busy', 2));

  expect(answer.body, JSON.stringify(answer.body)).toMatchObject({ status: 'completed', changed: true });
  await service.close();
});

test('an object that is changed under every plan ends as a conflict, with nothing written', async () => {
  await createDeployment(cluster, { namespace, name: 'contested', replicas: 1 });
  const audit = await auditFromNow();
  let other = 5;
  const service = await startService({
    faults: onFirst('PATCH', 9, async (send, url, init) => {
      other += 1;
      await cluster.patch(
        { apiVersion: 'apps/v1', kind: 'Deployment', namespace, name: 'contested' },
        { type: 'merge', body: { spec: { replicas: other } } },
      );
      return await send(url, init);
    }),
  });

  const answer = await service.execute('scale_deployment', scale('contested', 2));

  expect(answer.status).toBe(200);
  expect(answer.body).toMatchObject({ status: 'failed', changed: false, error: { code: 'conflict' } });
  expect(await audit.writes({ namespace, name: 'contested' })).toEqual(Array(3).fill('patch deployments/scale 409'));
  await service.close();
});

test('a name that now means another object is not touched', async () => {
  await createDeployment(cluster, { namespace, name: 'reborn', replicas: 1 });
  const reference = { apiVersion: 'apps/v1', kind: 'Deployment', namespace, name: 'reborn' };
  const service = await startService({
    faults: onFirst('PATCH', 1, async (send, url, init) => {
      await cluster.delete(reference);
      await createDeployment(cluster, { namespace, name: 'reborn', replicas: 1 });
      return await send(url, init);
    }),
  });

  const answer = await service.execute('scale_deployment', scale('reborn', 2));

  expect(answer.body).toMatchObject({ status: 'failed', changed: false });
  expect((await cluster.get(reference)).spec).toMatchObject({ replicas: 1 });
  await service.close();
});

test('an API server that is away refuses before anything is begun, and says when to come back', async () => {
  const service = await startService({
    env: { EXECUTOR_KUBERNETES_TIMEOUT: '1s', EXECUTOR_KUBERNETES_RETRY_ATTEMPTS: '0' },
    access: { name: 'gone', server: 'http://127.0.0.1:9', skipTlsVerify: false },
  });

  const answer = await service.execute('scale_deployment', scale('anything', 2));
  const health = await service.get('/health');
  const ready = await service.get('/readyz');

  expect(answer.status).toBe(503);
  expect(answer.body).toMatchObject({ code: 'service_unavailable', retry_at: expect.any(String) });
  expect(health.status).toBe(503);
  expect(health.body.checks).toMatchObject({ cluster: { status: 'down' }, database: { status: 'up' } });
  expect(ready.status).toBe(200);
  expect(await service.sql`select id from execution`).toEqual([]);
  await service.close();
});

test('an overloaded API server is asked again after as long as it says', async () => {
  await createDeployment(cluster, { namespace, name: 'loaded', replicas: 1 });
  const service = await startService({
    faults: onFirst(
      'GET',
      1,
      async () =>
        new Response('{"kind":"Status","message":"too many requests"}', {
          status: 429,
          headers: { 'retry-after': '1', 'content-type': 'application/json' },
        }),
    ),
  });

  const answer = await service.execute('scale_deployment', scale('loaded', 2));

  expect(answer.body).toMatchObject({ status: 'completed', changed: true });
  await service.close();
});

describe('through a proxy that goes wrong', () => {
  let proxy: ApiProxy;
  let service: Service;

  beforeEach(async () => {
    proxy = await startApiProxy();
    service = await startService({ access: proxy.access });
  });

  afterEach(async () => {
    await service.close();
    await proxy.close();
  });

  /** That fault for the first so many requests which begin like that. */
  const first = (times: number, begin: string, fault: Fault) => {
    let left = times;
    proxy.fault = (line) => (line.startsWith(begin) && left-- > 0 ? fault : undefined);
  };

  test.each<[string, string, Fault]>([
    ['a read refused for overload, without a time', 'GET', { status: 429 }],
    ['a read answered with 500', 'GET', { status: 500 }],
    ['a read answered with 503', 'GET', { status: 503 }],
    ['a read answered with half an object', 'GET', 'truncate'],
    ['a read whose connection drops', 'GET', 'drop'],
    ['a write refused for overload, without a time', 'PATCH', { status: 429 }],
    ['a write refused for overload, with a time', 'PATCH', { status: 429, headers: { 'retry-after': '1' } }],
    ['a write refused with 503, with a time', 'PATCH', { status: 503, headers: { 'retry-after': '1' } }],
    ['a write that never arrives', 'PATCH', 'drop'],
    ['a write answered with 502 by a gateway', 'PATCH', { status: 502, html: '<h1>Bad gateway</h1>' }],
    ['a write answered with a page', 'PATCH', { status: 200, html: '<h1>Log in</h1>' }],
  ])('%s is sent again, and once is what it comes to', async (_what, begin, fault) => {
    const name = `again-${randomUUID().slice(0, 8)}`;
    await createDeployment(cluster, { namespace, name, replicas: 1 });
    const audit = await auditFromNow();
    first(2, begin, fault);

    const answer = await service.execute('scale_deployment', scale(name, 2));

    expect(answer.body).toMatchObject({ status: 'completed', changed: true });
    expect(await audit.writes({ namespace, name })).toEqual(['patch deployments/scale 200']);
  });

  test.each<[string, Fault]>([
    ['drops after the commit', 'dropAfter'],
    ['breaks off in the middle of the answer', 'truncate'],
  ])('a connection that %s: the cluster is read, and the write not repeated', async (_what, fault) => {
    const name = `once-${randomUUID().slice(0, 8)}`;
    await createDeployment(cluster, { namespace, name, replicas: 1 });
    const audit = await auditFromNow();
    first(1, 'PATCH', fault);

    const answer = await service.execute('scale_deployment', scale(name, 2));

    expect(answer.body).toMatchObject({ status: 'completed', changed: true });
    expect(await audit.writes({ namespace, name })).toEqual(['patch deployments/scale 200']);
  });

  test('Retry-After is honoured to the second', async () => {
    await createDeployment(cluster, { namespace, name: 'patient', replicas: 1 });
    first(1, 'PATCH', { status: 429, headers: { 'retry-after': '2' } });
    const beganMs = performance.now();

    const answer = await service.execute('scale_deployment', scale('patient', 2));

    expect(answer.body.status).toBe('completed');
    expect(performance.now() - beganMs).toBeGreaterThan(2_000);
  });

  test('a call that hangs ends with its own deadline, and the run goes on', async () => {
    await createDeployment(cluster, { namespace, name: 'hangs', replicas: 1 });
    const audit = await auditFromNow();
    // With a shorter lease that would end the call, not its own deadline.
    const env = { EXECUTOR_KUBERNETES_TIMEOUT: '1s', EXECUTOR_ACTIONS_LEASE: '60s' };
    const impatient = await service.replica({ env });
    first(1, 'PATCH', 'hang');
    const beganMs = performance.now();

    const answer = await impatient.execute('scale_deployment', scale('hangs', 2));

    expect(answer.body).toMatchObject({ status: 'completed', changed: true });
    // Without it, it would be half a minute.
    expect(performance.now() - beganMs).toBeLessThan(20_000);
    expect(await audit.writes({ namespace, name: 'hangs' })).toEqual(['patch deployments/scale 200']);
  });

  test('a write that the server answers with 500 again and again is no success, and is not tried for ever', async () => {
    await createDeployment(cluster, { namespace, name: 'broken', replicas: 1 });
    proxy.fault = (line) => (line.startsWith('PATCH') ? { status: 500 } : undefined);

    const answer = await service.execute('scale_deployment', scale('broken', 2));

    expect(answer.body).toMatchObject({ status: 'failed', changed: false, error: { code: 'service_unavailable' } });
    expect(proxy.requests.filter((line) => line.startsWith('PATCH')).length).toBeLessThanOrEqual(4);
  });

  test('a dry run that nobody could check is no outcome: 503, and nothing is recorded', async () => {
    await createDeployment(cluster, { namespace, name: 'unchecked', replicas: 1 });
    proxy.fault = (line) => (line.startsWith('PATCH') ? 'drop' : undefined);

    const answer = await service.execute('scale_deployment', scale('unchecked', 2), { dry_run: true });

    expect(answer.status).toBe(503);
    expect(answer.body).toMatchObject({ code: 'service_unavailable', retry_at: expect.any(String) });
    expect(await service.sql`select id from execution`).toEqual([]);
  });

  test('a token that has expired is read anew once, and the call sent again', async () => {
    const file = join(await mkdtemp(join(tmpdir(), 'token-')), 'token');
    await writeFile(file, 'old');
    await createDeployment(cluster, { namespace, name: 'rotated', replicas: 1 });
    const replica = await service.replica({ access: { ...proxy.access, token: { file } } });
    await replica.get('/health');
    await writeFile(file, 'new');
    proxy.fault = (_line, authorization) => (authorization === 'Bearer new' ? undefined : { status: 401 });
    await new Promise((resolve) => setTimeout(resolve, 1_100));
    proxy.requests.length = 0;

    const answer = await replica.execute('scale_deployment', scale('rotated', 2));

    expect(answer.body).toMatchObject({ status: 'completed', changed: true });
  });

  test('credentials that are refused twice: permission_denied, told plainly, with the way out', async () => {
    await createDeployment(cluster, { namespace, name: 'stranger', replicas: 1 });
    const audit = await auditFromNow();
    proxy.requests.length = 0;
    proxy.fault = () => ({ status: 401, body: { kind: 'Status', code: 401, message: 'Unauthorized' } });

    const answer = await service.execute('scale_deployment', scale('stranger', 2));

    expect(answer.status).toBe(403);
    expect(answer.body).toMatchObject({
      code: 'permission_denied',
      detail: expect.stringContaining('Unauthorized'),
      hint: expect.stringContaining("does not take the service's credentials"),
    });
    // Sent once more, with fresh credentials, and then never again.
    expect(proxy.requests.filter((line) => line.endsWith('/deployments/stranger'))).toHaveLength(2);
    expect(await audit.requests({ namespace, name: 'stranger' })).toEqual([]);
  });

  test('a token that expires in the middle of a run is no reason to write twice', async () => {
    await createDeployment(cluster, { namespace, name: 'midway', replicas: 1 });
    const audit = await auditFromNow();
    first(1, 'PATCH', { status: 401, body: { kind: 'Status', code: 401, message: 'Unauthorized' } });

    const answer = await service.execute('scale_deployment', scale('midway', 2));

    expect(answer.body).toMatchObject({ status: 'completed', changed: true });
    expect(await audit.writes({ namespace, name: 'midway' })).toEqual(['patch deployments/scale 200']);
  });
});
