import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ConnectedCluster } from '../../src/platform/kubernetes-connection.ts';
import { connectTestClient, createDeployment, createNamespace, ensureNodes } from '../support/cluster.ts';
import { type Service, startService } from '../support/service.ts';
import { recommendation, spoilt, workflow } from './good-requests.ts';

let cluster: ConnectedCluster;
let service: Service;
let namespace: string;

beforeAll(async () => {
  cluster = await connectTestClient();
  await ensureNodes(cluster, ['node-1', 'node-2', 'node-3']);
  namespace = await createNamespace(cluster, 'shapes');
  await createDeployment(cluster, { namespace, name: 'web-server', replicas: 1 });
  service = await startService();
});

afterAll(async () => {
  await service.close();
  await cluster.delete({ apiVersion: 'v1', kind: 'Namespace', name: namespace });
  await cluster.close();
});

const execute = (body: unknown) => service.post('/api/v1/execute', body);

/** The fields of an answer that tell of the effect, not of the request. */
const effectOf = ({ body }: { body: Record<string, unknown> }) => {
  const {
    action,
    target,
    parameters,
    changed,
    changes,
    expectations,
    verdicts,
    risk,
    status,
    success,
    warnings,
    reason,
    cluster: name,
  } = body;
  return {
    action,
    target,
    parameters,
    changed,
    changes,
    expectations,
    verdicts,
    risk,
    status,
    success,
    warnings,
    reason,
    name,
  };
};

test('the requests of which the tests of bad input spoil one field each are good themselves', async () => {
  const guide = await execute(recommendation(namespace).body);
  const flow = await execute(workflow(namespace).body);

  for (const { status, body } of [guide, flow]) {
    expect(status).toBe(200);
    expect(body).toMatchObject({
      status: 'completed',
      dry_run: true,
      action: 'scale_deployment',
      correlation_id: 'incident-7',
      reason: 'too slow',
    });
  }
  expect(guide.body).toMatchObject({ priority: 1, alert: { name: 'HighCPUUsage', fingerprint: 'c0ffee' } });
  expect(flow.body).toMatchObject({
    action_id: 'wf-7-action-1',
    workflow_id: 'wf-7',
    priority: 9,
    metadata: { step: { number: 1 } },
  });
  expect(effectOf(guide)).toEqual(effectOf(flow));
});

test('both shapes have the same effect', async () => {
  const guide = await execute({
    action: { action: 'scale-deployment', parameters: { replicas: 2 }, priority: 1 },
    alert: { name: 'a', namespace, resource: 'deployment/web-server' },
  });
  const back = await service.post(guide.body.links.rollback);
  const flow = await execute({
    action_id: 'wf-8',
    action: 'scale-deployment',
    parameters: { namespace, resource_name: 'web-server', replicas: 2 },
    timeout: 120_000_000_000,
    dry_run: false,
    metadata: {},
  });

  expect(back.body.status).toBe('completed');
  expect(guide.body).toMatchObject({ status: 'completed', changed: true, success: true });
  expect(effectOf(flow)).toEqual(effectOf(guide));
  expect(flow.body.execution_time).toBe(flow.body.duration_ms * 1_000_000);
});

describe('a timeout', () => {
  test.each([
    ['120s', 120],
    ['2m', 120],
    ['1m30s', 90],
    ['1.5m', 90],
    ['1500ms', 1.5],
    ['6h', 21_600],
    [120_000_000_000, 120],
    [1_000_000_000, 1],
    [21_600_000_000_000, 21_600],
    [0, 120],
    ['0s', 120],
    [null, 120],
  ])('of %j ends the run after %d s', async (timeout, seconds) => {
    const { body } = await service.execute('notify_only', { message: 'm' }, { timeout });

    expect(body.status).toBe('completed');
    const [row] = await service.sql<
      { timeout_ms: number }[]
    >`select timeout_ms from execution where id = ${body.action_id}`;
    expect(row?.timeout_ms).toBe(seconds * 1_000);
  });
});

describe('what a caller may well send', () => {
  test.each([
    ['an integer as text', '/parameters/replicas', '3'],
    ['an integer with a zero fraction', '/parameters/replicas', 3.0],
    ['no labels', '/target', null],
    ['an empty namespace beside a full name', '/parameters/namespace', ''],
    ['empty metadata', '/metadata', {}],
    [
      'metadata of every kind',
      '/metadata',
      { text: '🚀 \u2028 "\\', nested: [[{ a: [null, true, -1.5e-7] }]], '': 1, constructor: 'c', 'a/b~c': 0 },
    ],
    ['a correlation id in any script', '/correlation_id', 'Störung №7 🚀'],
    ['a reason of several lines', '/parameters/reason', 'first\nsecond\t"third"'],
  ])('%s', async (_title, pointer, value) => {
    const request = spoilt({ ...workflow(namespace).body, action_id: null }, pointer, value);

    const { status, body } = await execute(request);

    expect(status).toBe(200);
    expect(body.status).toBe('completed');
    if (pointer === '/metadata') expect(body.metadata).toEqual(value);
  });
});
