import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ConnectedCluster } from '../../src/platform/kubernetes-connection.ts';
import { auditFromNow } from '../support/audit.ts';
import { connectTestClient, createDeployment, createNamespace, ensureNodes } from '../support/cluster.ts';
import { type Service, startService } from '../support/service.ts';
import { expectProblem } from './expect-problem.ts';

let cluster: ConnectedCluster;
let service: Service;
let namespace: string;

beforeAll(async () => {
  cluster = await connectTestClient();
  await ensureNodes(cluster, ['node-1', 'node-2', 'node-3']);
  namespace = await createNamespace(cluster, 'contract');
  service = await startService();
});

afterAll(async () => {
  await service.close();
  await cluster.delete({ apiVersion: 'v1', kind: 'Namespace', name: namespace });
  await cluster.close();
});

describe('health', () => {
  test('tells of the process, of Postgres and of the cluster', async () => {
    const [live, ready, health] = await Promise.all(['/livez', '/readyz', '/health'].map((path) => service.get(path)));

    expect(live).toMatchObject({ status: 200, body: { status: 'alive' } });
    expect(ready).toMatchObject({ status: 200, body: { status: 'ready' } });
    expect(health).toMatchObject({
      status: 200,
      body: {
        status: 'healthy',
        checks: {
          database: { status: 'up' },
          cluster: { status: 'up', name: expect.any(String), version: expect.any(String) },
        },
      },
    });
  });

  test.each(['/livez', '/readyz', '/health', '/api/v1/actions', '/api/v1/executions'])(
    'HEAD %s is GET without the body',
    async (path) => {
      const response = await service.app.request(path, { method: 'HEAD' });

      expect(response.status).toBe(200);
      expect(await response.text()).toBe('');
      expect(response.headers.get('content-type')).toContain('application/json');
    },
  );

  test('a replica that stops is not ready, begins nothing, and still answers what only reads', async () => {
    const replica = await service.replica();
    const audit = await auditFromNow();
    replica.stop();

    const refused = [
      await replica.execute('scale_deployment', { namespace, resource_name: 'a', replicas: 1 }),
      await replica.post('/api/v1/executions/a/rollback', {}),
    ];
    const [ready, live, history] = [
      await replica.get('/readyz'),
      await replica.get('/livez'),
      await replica.get('/api/v1/executions'),
    ];

    for (const answer of refused) expectProblem(answer, { status: 503, code: 'service_unavailable' });
    expect([ready?.status, live?.status, history?.status]).toEqual([503, 200, 200]);
    expect(await audit.requests({ namespace })).toEqual([]);
  });

  test('a cluster that is away makes /health 503, and a request 503 with the time to come back', async () => {
    const away = await service.replica({
      access: { name: 'away', server: 'http://127.0.0.1:1', skipTlsVerify: false },
      env: { EXECUTOR_KUBERNETES_RETRY_ATTEMPTS: '0' },
    });

    const [live, ready, health] = [await away.get('/livez'), await away.get('/readyz'), await away.get('/health')];
    const execute = await away.execute('scale_deployment', { namespace, resource_name: 'a', replicas: 1 });

    expect([live.status, ready.status, health.status]).toEqual([200, 200, 503]);
    expect(health.body).toMatchObject({
      status: 'unhealthy',
      checks: { database: { status: 'up' }, cluster: { status: 'down', detail: expect.any(String) } },
    });
    expectProblem(execute, { status: 503, code: 'service_unavailable' });
  });
});

describe('what was not begun for a reason that passes', () => {
  test('a cooldown is 429 with Retry-After and retry_at', async () => {
    await createDeployment(cluster, { namespace, name: 'cool', replicas: 0 }, { ready: false });
    const cooling = await service.replica({ env: { EXECUTOR_ACTIONS_COOLDOWN_PERIOD: '5m' } });
    await cooling.execute('scale_deployment', { namespace, resource_name: 'cool', replicas: 1 });

    const answer = await cooling.execute('scale_deployment', { namespace, resource_name: 'cool', replicas: 2 });

    expectProblem(answer, { status: 429, code: 'cooldown_active' });
    expect(answer.body.detail).toContain(`Deployment ${namespace}/cool`);
    const waitMs = new Date(answer.body.retry_at).getTime() - Date.now();
    expect(Math.abs(waitMs / 1000 - Number(answer.headers.get('retry-after')))).toBeLessThan(30);
  });
});
