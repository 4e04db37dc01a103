import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { findAction } from '../../src/actions/registry.ts';
import { type ClusterFixture, hasCluster, openFixture, workload } from './cluster-fixture.ts';

describe('the message of notify_only', () => {
  const schema = findAction('notify_only')?.parameters;

  test.each([
    ['', false],
    ['x'.repeat(1024), true],
    ['x'.repeat(1025), false],
    ['ä'.repeat(512), true],
    ['ä'.repeat(513), false],
  ])('%.5s… is bounded as an Event bounds it, in bytes', (message, fits) => {
    expect(schema?.safeParse({ message }).success).toBe(fits);
  });
});

describe.skipIf(!hasCluster)('notify_only', { concurrent: true }, () => {
  let shop: ClusterFixture;
  beforeAll(async () => (shop = await openFixture()), 60_000);
  afterAll(() => shop?.close(), 60_000);

  test('records an Event on the target that kubectl describe shows, once however often it is sent', async () => {
    await shop.apply(workload('Deployment', 'told', { replicas: 0 }));
    const message = 'ü'.repeat(512);

    const plan = await shop.plan(
      'notify_only',
      'deployment/told',
      { message, severity: 'critical' },
      { actionId: 'Call_7: again' },
    );
    await shop.carryOut(plan);
    await expect(shop.carryOut(plan)).rejects.toMatchObject({ reason: 'alreadyExists' });

    expect(plan.undo).toEqual({ reason: "what was told can't be taken back" });
    expect(plan.result).toEqual({ message, severity: 'critical', delivered: ['log', 'kubernetes_event'] });
    const described = await shop.kubectl('describe', 'deployment/told');
    expect(described).toMatch(new RegExp(`Warning +ExecutorNotification .* executor-service +${message}`));
    const events = JSON.parse(
      await shop.kubectl('get', 'events', '-o', 'json', '--field-selector', 'reason=ExecutorNotification'),
    );
    expect(events.items).toHaveLength(1);
    expect(events.items[0].metadata.annotations).toEqual({ 'executor.kubernaut.io/action-id': 'Call_7: again' });
  }, 60_000);

  test('puts the Event of a node into the namespace default', async () => {
    const [node] = shop.nodes;

    await shop.perform('notify_only', `node/${node}`, { message: 'to be replaced on Monday' });

    const events = JSON.parse(
      await shop.kubectl(
        'get',
        'events',
        '-n',
        'default',
        '-o',
        'json',
        '--field-selector',
        `involvedObject.name=${node},reason=ExecutorNotification`,
      ),
    );
    expect(events.items).toMatchObject([{ type: 'Normal', message: 'to be replaced on Monday' }]);
  }, 60_000);

  test('changes nothing where there is no target', async () => {
    const plan = await shop.plan('notify_only', undefined, { message: 'hello' });

    expect(plan.changes).toEqual([]);
    expect(plan.result).toEqual({ message: 'hello', severity: 'info', delivered: ['log'] });
  });
});
