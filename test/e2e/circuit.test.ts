import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import type { ConnectedCluster } from '../../src/platform/kubernetes-connection.ts';
import { type ApiProxy, startApiProxy } from '../support/api-proxy.ts';
import { auditFromNow } from '../support/audit.ts';
import { connectTestClient, createDeployment, createNamespace, ensureNodes, eventually } from '../support/cluster.ts';
import { type ReplicaOptions, type Service, startService } from '../support/service.ts';

let cluster: ConnectedCluster;
let namespace: string;
let proxy: ApiProxy;
const services: Service[] = [];

beforeAll(async () => {
  cluster = await connectTestClient();
  await ensureNodes(cluster, ['node-1', 'node-2', 'node-3']);
  namespace = await createNamespace(cluster, 'circuit');
});

beforeEach(async () => {
  proxy = await startApiProxy();
});

afterEach(async () => {
  for (const service of services.splice(0)) await service.close();
  await proxy.close();
});

afterAll(async () => {
  await cluster.delete({ apiVersion: 'v1', kind: 'Namespace', name: namespace });
  await cluster.close();
});

async function start(env: ReplicaOptions['env'] = {}): Promise<Service> {
  const service = await startService({ access: proxy.access, env });
  services.push(service);
  return service;
}

const scale = (name: string, replicas: number) => ({ namespace, resource_name: name, replicas });
const ask = (service: Service, times: number) =>
  Promise.all(
    Array.from({ length: times }, (_, index) => service.execute('scale_deployment', scale(`none-${index}`, 1))),
  );

/** All but the probes, which go out again as time passes. */
const calls = () => proxy.requests.filter((line) => line !== 'GET /readyz').length;

test('after a run of faults planning is refused at once, with the time to come back, without a call', async () => {
  const service = await start({ EXECUTOR_KUBERNETES_RETRY_ATTEMPTS: '0' });
  proxy.fault = () => ({ status: 503 });
  await ask(service, 10);
  const before = calls();

  const answers = await ask(service, 20);

  for (const { status, body, headers } of answers) {
    expect(status).toBe(503);
    expect(body).toMatchObject({ code: 'circuit_open', hint: expect.any(String) });
    expect(body.detail).toMatch(
      /not sent, http\S+ is failing and is tried again in \d s \(10 of 10 calls within 10 s failed/,
    );
    expect(Number(headers.get('retry-after'))).toBeGreaterThanOrEqual(1);
    expect(new Date(body.retry_at).getTime() - Date.now()).toBeLessThan(2_000);
  }
  expect(calls()).toBe(before);
  expect(service.logLines.join('')).toContain('The circuit to the API server is open');
  expect(await service.sql`select id from execution`).toEqual([]);
});

test('/health says until when it is open; one probe at a time finds out that the server is back, and all goes on', async () => {
  await createDeployment(cluster, { namespace, name: 'back', replicas: 1 });
  const service = await start({ EXECUTOR_KUBERNETES_RETRY_ATTEMPTS: '0' });
  proxy.fault = () => ({ status: 500 });
  await ask(service, 10);

  const health = await service.get('/health');
  await new Promise((resolve) => setTimeout(resolve, 1_300));
  proxy.requests.length = 0;
  const stillAway = await ask(service, 5);
  const probes = [...proxy.requests];
  proxy.fault = () => undefined;
  const answer = await eventually(async () => {
    const again = await service.execute('scale_deployment', scale('back', 2));
    expect(again.status).toBe(200);
    return again;
  });

  expect(health.status).toBe(503);
  expect(health.body.checks.cluster.detail).toMatch(/^circuit open until \d{4}-\d\d-\d\dT\S+Z: 10 of 10 calls/);
  expect(stillAway.map(({ body }) => body.code)).toEqual(Array(5).fill('circuit_open'));
  expect(probes).toEqual(['GET /readyz']);
  expect(answer.body).toMatchObject({ status: 'completed', changed: true });
  expect((await service.get('/health')).status).toBe(200);
  expect(service.logLines.join('')).toContain('The circuit to the API server is closed');
});

test('the first call after a long outage is not refused for it: the server is tried first', async () => {
  await createDeployment(cluster, { namespace, name: 'late', replicas: 1 });
  const service = await start({ EXECUTOR_KUBERNETES_RETRY_ATTEMPTS: '0' });
  proxy.fault = () => 'drop';
  await ask(service, 10);
  proxy.fault = () => undefined;
  await new Promise((resolve) => setTimeout(resolve, 1_300));

  const answers = await Promise.all([
    service.execute('scale_deployment', scale('late', 2)),
    service.execute('scale_deployment', scale('nobody', 2)),
  ]);

  expect(answers.map(({ status }) => status)).toEqual([200, 404]);
});

test('refusals, however many, do not open it: nor overload, nor a webhook that is away', async () => {
  const service = await start({ EXECUTOR_KUBERNETES_RETRY_ATTEMPTS: '0' });
  const answers = [
    { status: 404 },
    { status: 403 },
    { status: 429 },
    {
      status: 500,
      body: { kind: 'Status', code: 500, message: 'Internal error occurred: failed calling webhook "x"' },
    },
  ];
  for (const fault of answers) {
    proxy.fault = () => fault;
    await ask(service, 12);
  }

  const { body } = await service.execute('scale_deployment', scale('any', 1));

  expect(body.code).not.toBe('circuit_open');
  expect(service.logLines.join('')).not.toContain('circuit');
});

test('a server that hangs opens it after three calls in a row, however seldom they come', async () => {
  const service = await start({
    EXECUTOR_KUBERNETES_RETRY_ATTEMPTS: '0',
    EXECUTOR_KUBERNETES_TIMEOUT: '500ms',
  });
  proxy.fault = () => 'hang';
  for (let call = 0; call < 3; call += 1) await ask(service, 1);
  const before = calls();

  const [answer] = await ask(service, 1);

  expect(answer?.body.code).toBe('circuit_open');
  expect(answer?.body.detail).toContain('3 calls in a row got no answer');
  expect(calls()).toBe(before);
});

test('a run under way outlasts an API server that is down, and its rollout is still verified', async () => {
  await createDeployment(cluster, {
    namespace,
    name: 'outlasts',
    replicas: 1,
    podAnnotations: { 'test/ready-after': '2s' },
  });
  const audit = await auditFromNow();
  const service = await start({ EXECUTOR_KUBERNETES_RETRY_ATTEMPTS: '1' });

  const answer = service.execute('scale_deployment', scale('outlasts', 2));
  await eventually(async () => expect(await audit.writes({ namespace, name: 'outlasts' })).toHaveLength(1));
  await proxy.down();
  // Others run into it meanwhile, until the circuit is open.
  await ask(service, 8);
  const refused = await ask(service, 1);
  await new Promise((resolve) => setTimeout(resolve, 2_500));
  await proxy.up();

  expect(refused[0]?.body.code).toBe('circuit_open');
  expect((await answer).body).toMatchObject({ status: 'completed', changed: true });
  expect(await audit.writes({ namespace, name: 'outlasts' })).toEqual(['patch deployments/scale 200']);
});

test('a write that meets the open circuit is sent once it closes: nothing fails, nothing is sent twice', async () => {
  await createDeployment(cluster, { namespace, name: 'waits', replicas: 1 });
  const audit = await auditFromNow();
  const service = await start({ EXECUTOR_KUBERNETES_RETRY_ATTEMPTS: '0' });
  proxy.fault = (line) => (line.startsWith('PATCH') ? 'hang' : undefined);

  const answer = service.execute('scale_deployment', scale('waits', 2));
  await eventually(async () => expect(proxy.requests.some((line) => line.startsWith('PATCH'))).toBe(true));
  await proxy.down();
  await ask(service, 12);
  const open = service.runtime.executor.cluster.circuit();
  await new Promise((resolve) => setTimeout(resolve, 3_000));
  proxy.fault = () => undefined;
  await proxy.up();

  expect(open).toBeDefined();
  expect((await answer).body).toMatchObject({ status: 'completed', changed: true });
  expect(await audit.writes({ namespace, name: 'waits' })).toEqual(['patch deployments/scale 200']);
});

test('a run whose deadline comes first ends as timed out, with nothing held', async () => {
  await createDeployment(cluster, { namespace, name: 'too-long', replicas: 1 });
  const service = await start({ EXECUTOR_KUBERNETES_RETRY_ATTEMPTS: '0' });
  proxy.fault = (line) =>
    line.startsWith('PATCH') || proxy.requests.some((one) => one.startsWith('PATCH')) ? 'drop' : undefined;

  const { body } = await service.execute('scale_deployment', scale('too-long', 2), { timeout: '3s' });

  expect(body).toMatchObject({ status: 'timed_out', success: false });
  expect(body.message).toMatch(/^Timed out after 3 s/);
  expect(await service.sql`select key from target_lock`).toEqual([]);
  expect(await service.sql`select id from slot where execution_id is not null`).toEqual([]);
});
