import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { failuresOf } from '../../src/database/failures.ts';
import { oscillationOf } from '../../src/database/oscillation.ts';
import type { ConnectedCluster } from '../../src/platform/kubernetes-connection.ts';
import { connectTestClient, createDeployment, createNamespace, ensureNodes } from '../support/cluster.ts';
import { type Answer, type Service, startService } from '../support/service.ts';

let cluster: ConnectedCluster;
let service: Service;
let namespace: string;

beforeAll(async () => {
  cluster = await connectTestClient();
  await ensureNodes(cluster, ['node-1', 'node-2']);
  namespace = await createNamespace(cluster, 'swings');
  service = await startService();
  for (const name of ['swings', 'other']) await createDeployment(cluster, { namespace, name, replicas: 1 });
  await createDeployment(cluster, {
    namespace,
    name: 'never',
    replicas: 0,
    podAnnotations: { 'test/never-ready': 'true' },
  });
});

afterAll(async () => {
  await service.close();
  await cluster.delete({ apiVersion: 'v1', kind: 'Namespace', name: namespace });
  await cluster.close();
});

const target = (name: string) => ({
  cluster: service.runtime.executor.cluster.name,
  namespace,
  kind: 'Deployment',
  name,
});
const swings = (name: string, windowMs = 30 * 60 * 1000) =>
  oscillationOf(service.runtime.executor.database, {
    target: target(name),
    windowMs,
    scalings: ['scale_deployment', 'scale_statefulset'],
    restarts: ['restart_deployment', 'restart_pod'],
  });
const failures = (name: string, action = 'scale_deployment') =>
  failuresOf(service.runtime.executor.database, { target: target(name), action });

async function scale(name: string, replicas: number, more: Record<string, unknown> = {}): Promise<Answer> {
  const answer = await service.execute('scale_deployment', { namespace, resource_name: name, replicas }, more);
  expect(answer.status).toBe(200);
  return answer;
}

describe('a Deployment swings', () => {
  test('as often as scalings that took effect turned round, however they were asked for', async () => {
    expect(await swings('swings')).toEqual({ flips: [], direction: undefined, restarts: [] });

    await scale('swings', 2);
    await scale('swings', 3);
    expect(await swings('swings')).toMatchObject({ flips: [], direction: 'up' });

    const down = await scale('swings', 1);
    expect(await swings('swings')).toMatchObject({ flips: [new Date(down.body.finished_at)], direction: 'down' });

    // Nothing of these takes effect.
    await scale('swings', 1);
    await scale('swings', 4, { dry_run: true });
    await scale('other', 2);
    await service.execute('scale_deployment', { namespace, resource_name: 'swings', replicas: -1 });
    expect(await swings('swings')).toMatchObject({ flips: [new Date(down.body.finished_at)], direction: 'down' });

    const back = await service.post(down.body.links.rollback);
    expect(back.body).toMatchObject({ status: 'completed', changed: true });
    expect(await swings('swings')).toEqual({
      flips: [new Date(back.body.finished_at), new Date(down.body.finished_at)],
      direction: 'up',
      restarts: [],
    });
    expect(await swings('other')).toEqual({ flips: [], direction: 'up', restarts: [] });
  });

  test('also by a scaling that took effect and did not come to its end', async () => {
    const up = await scale('never', 1, { timeout: '3s' });
    expect(up.body).toMatchObject({ status: 'timed_out', changed: true });

    const down = await scale('never', 0);

    expect(await swings('never')).toEqual({
      flips: [new Date(down.body.finished_at)],
      direction: 'down',
      restarts: [],
    });
  });

  test('and its restarts are counted, each once', async () => {
    const ends: Date[] = [];
    for (const action of ['restart_deployment', 'restart_pod']) {
      const { body } = await service.execute(action, {
        namespace,
        resource_name: 'other',
        resource_type: 'Deployment',
      });
      expect(body).toMatchObject({ status: 'completed', changed: true });
      ends.unshift(new Date(body.finished_at));
    }

    expect(await swings('other')).toEqual({ flips: [], direction: 'up', restarts: ends });
  });

  test('within the window only, by the database', async () => {
    await service.sql`update execution set finished_at = now() - interval '20 minutes' where name = 'other'
      and action = 'restart_pod'`;

    expect((await swings('other')).restarts).toHaveLength(2);
    expect((await swings('other', 21 * 60 * 1000)).restarts).toHaveLength(2);
    expect((await swings('other', 19 * 60 * 1000)).restarts).toHaveLength(1);
  });
});

test('an action has failed as often as it did since it last went well', async () => {
  await createDeployment(cluster, {
    namespace,
    name: 'fails',
    replicas: 0,
    podAnnotations: { 'test/never-ready': 'true' },
  });
  expect(await failures('fails')).toEqual({ count: 0, last: undefined });

  await scale('fails', 1, { timeout: '2s' });
  const second = await scale('fails', 2, { timeout: '2s' });
  await scale('fails', 3, { dry_run: true });
  const { body } = second;
  expect(body.status).toBe('timed_out');
  expect(await failures('fails')).toEqual({
    count: 2,
    last: { id: body.action_id, at: new Date(body.finished_at) },
  });
  expect(await failures('fails', 'restart_deployment')).toEqual({ count: 0, last: undefined });

  const well = await scale('fails', 0);
  expect(well.body.status).toBe('completed');
  expect(await failures('fails')).toEqual({ count: 0, last: undefined });
  const again = await scale('fails', 1, { timeout: '2s' });
  expect(await failures('fails')).toMatchObject({ count: 1, last: { id: again.body.action_id } });
});
