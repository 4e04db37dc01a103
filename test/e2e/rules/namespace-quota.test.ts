import { afterAll, beforeAll, expect, test } from 'vitest';
import type { ConnectedCluster } from '../../../src/platform/kubernetes-connection.ts';
import { connectTestClient, createDeployment, createNamespace, ensureNodes } from '../../support/cluster.ts';
import { type Replica, type Service, startService } from '../../support/service.ts';

let cluster: ConnectedCluster;
let service: Service;
let namespace: string;

beforeAll(async () => {
  cluster = await connectTestClient();
  await ensureNodes(cluster, ['node-1', 'node-2']);
  namespace = await createNamespace(cluster, 'quota');
  for (let index = 0; index < 10; index += 1)
    await createDeployment(cluster, { namespace, name: `web-${index}`, replicas: 0 });
  service = await startService({
    env: {
      EXECUTOR_SAFETY_RULES_NAMESPACE_QUOTA_BY_NAMESPACE: JSON.stringify([
        { namespaces: ['quota-*'], executions: 3, window: '20m' },
        { executions: 100, window: '1h' },
        { namespaces: ['other'], executions: 1, window: '1h' },
      ]),
    },
  });
});

afterAll(async () => {
  await service.close();
  await cluster.delete({ apiVersion: 'v1', kind: 'Namespace', name: namespace });
  await cluster.close();
});

const scale = (by: Replica, name: string, replicas: number, more: Record<string, unknown> = {}) =>
  by.execute('scale_deployment', { namespace, resource_name: name, replicas }, more);

test('as many executions pass as the namespace has; dry runs and what is so already are none', async () => {
  const [first] = [
    await scale(service, 'web-0', 1),
    await scale(service, 'web-0', 2),
    await scale(service, 'web-1', 1),
  ];

  const refused = await scale(service, 'web-0', 3);

  expect(refused).toMatchObject({
    status: 429,
    body: {
      code: 'quota_exceeded',
      detail: `3 executions have changed something in ${namespace} within 20m, and 3 may`,
      retry_at: new Date(Date.parse(first?.body.finished_at) + 20 * 60_000).toISOString(),
    },
  });
  expect((await scale(service, 'web-0', 2)).body).toMatchObject({ status: 'completed', changed: false });
  expect((await scale(service, 'web-0', 3, { dry_run: true })).body).toMatchObject({ status: 'completed' });
  const asked = await service.replica({ env: { EXECUTOR_SAFETY_RULES_NAMESPACE_QUOTA_VERDICT: 'ask' } });
  expect((await scale(asked, 'web-0', 3)).body).toMatchObject({
    status: 'pending_approval',
    message: expect.stringMatching(/^Waits for somebody to agree: 3 executions/),
  });
  const off = await service.replica({ env: { EXECUTOR_SAFETY_RULES_NAMESPACE_QUOTA_VERDICT: 'off' } });
  expect((await scale(off, 'web-0', 3)).body).toMatchObject({ status: 'completed', changed: true });
});

test('of ten at once through two replicas no more pass', async () => {
  await service.sql`update execution set finished_at = finished_at - interval '1 hour'`;
  const other = await service.replica();

  const answers = await Promise.all(
    Array.from({ length: 10 }, async (_, index) => await scale(index % 2 ? service : other, `web-${index}`, 5)),
  );

  const told = JSON.stringify(answers.map(({ body }) => body.code ?? body.status));
  expect(answers.filter(({ status }) => status === 200).length, told).toBe(3);
  expect(answers.filter(({ body }) => body.code === 'quota_exceeded').length, told).toBe(7);
});
