import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Fetch } from '../../src/kubernetes/transport.ts';
import type { ConnectedCluster } from '../../src/platform/kubernetes-connection.ts';
import { auditFromNow } from '../support/audit.ts';
import { connectTestClient, createDeployment, createNamespace, ensureNodes } from '../support/cluster.ts';
import { startService } from '../support/service.ts';

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
      return await send(url, init);
    }),
  });

  const answer = await service.execute('scale_deployment', scale('raced', 2));

  expect(answer.body).toMatchObject({ status: 'completed', changed: true });
  expect(answer.body.changes[0].before).toEqual({ '/spec/replicas': 4 });
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
