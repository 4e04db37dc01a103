import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { isNoOp } from '../../src/changes/plan.ts';
import { type ClusterFixture, hasCluster, openFixture } from './cluster-fixture.ts';

describe.skipIf(!hasCluster)('cordon_node and uncordon_node', () => {
  let shop: ClusterFixture;
  beforeAll(async () => (shop = await openFixture()), 60_000);
  afterAll(() => shop?.close(), 60_000);

  test('leave the node as kubectl cordon and uncordon do, and are no-ops the second time', async () => {
    const [ours, kubectls] = shop.nodes;

    await shop.kubectl('cordon', kubectls);
    await shop.perform('cordon_node', `node/${ours}`);
    expect(await schedulingOf(ours)).toEqual(await schedulingOf(kubectls));
    expect(isNoOp(await shop.plan('cordon_node', `node/${ours}`))).toBe(true);

    await shop.kubectl('uncordon', kubectls);
    await shop.perform('uncordon_node', `node/${ours}`);
    expect(await schedulingOf(ours)).toEqual(await schedulingOf(kubectls));
    expect(isNoOp(await shop.plan('uncordon_node', `node/${ours}`))).toBe(true);
  }, 60_000);

  test('an unready node is opened only where its health is not to be verified', async () => {
    const [node] = shop.nodes;
    await shop.kubectl('annotate', 'node', node, 'test/not-ready=true');
    const status = {
      conditions: [{ type: 'Ready', status: 'False', reason: 'KubeletNotReady', message: 'container runtime is down' }],
    };
    await shop.kubectl(
      'patch',
      'node',
      node,
      '--subresource=status',
      '--type=strategic',
      '-p',
      JSON.stringify({ status }),
    );
    await shop.kubectl('cordon', node);

    await expect(shop.plan('uncordon_node', `node/${node}`)).rejects.toMatchObject({
      code: 'precondition_failed',
      message: `Node ${node} is not Ready: container runtime is down`,
    });
    await shop.perform('uncordon_node', `node/${node}`, { verify_health: false });

    expect((await schedulingOf(node)).unschedulable).toBeUndefined();
  }, 60_000);

  /** The controller takes the taint of a cordoned node away a moment later; that is not what is compared. */
  async function schedulingOf(name: string): Promise<{ unschedulable: unknown }> {
    const { spec } = JSON.parse(await shop.kubectl('get', 'node', name, '-o', 'json'));
    return { unschedulable: spec.unschedulable };
  }
});
