import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { noUndo } from '../../src/changes/plan.ts';
import { readerOf } from '../../src/kubernetes/reader.ts';
import { type ClusterFixture, hasCluster, openFixture, workload } from './cluster-fixture.ts';

describe.skipIf(!hasCluster)('collect_diagnostics', () => {
  let shop: ClusterFixture;
  beforeAll(async () => {
    shop = await openFixture();
    const env = [{ name: 'DB_PASSWORD', value: 'hunter2hunter2' }];
    await shop.apply(
      workload('Deployment', 'crashing', {}, { annotations: { 'test/crash': 'true' }, env }),
      workload('Deployment', 'fine'),
      workload('Deployment', 'stuck', { progressDeadlineSeconds: 2 }, { annotations: { 'test/never-ready': 'true' } }),
      workload('StatefulSet', 'unschedulable', {
        template: {
          metadata: { labels: { app: 'unschedulable' } },
          spec: { containers: [{ name: 'main', image: 'shop/web:1', resources: { requests: { cpu: '9999' } } }] },
        },
      }),
      {
        apiVersion: 'policy/v1',
        kind: 'PodDisruptionBudget',
        metadata: { name: 'fine' },
        spec: { minAvailable: 2, selector: { matchLabels: { app: 'fine' } } },
      },
    );
    await shop.settled('deployment/fine');
    await shop.kubectl(
      'wait',
      '--for=jsonpath={.status.containerStatuses[0].restartCount}=5',
      'pod',
      '-l',
      'app=crashing',
      '--timeout=30s',
    );
    await shop.kubectl('wait', '--for=condition=Progressing=False', 'deployment/stuck', '--timeout=30s');
    await shop.kubectl(
      'wait',
      '--for=jsonpath={.status.conditions[?(@.type=="PodScheduled")].reason}=Unschedulable',
      'pod/unschedulable-0',
      '--timeout=30s',
    );
    await shop.kubectl('wait', '--for=jsonpath={.status.currentHealthy}=2', 'pdb/fine', '--timeout=30s');
  }, 120_000);
  afterAll(() => shop?.close(), 60_000);

  test('tells of a crashing Deployment why it crashes, with its pods, events, nodes and logs', async () => {
    const plan = await shop.plan('collect_diagnostics', 'deployment/crashing');

    expect(plan.changes).toEqual([]);
    expect(plan.undo).toEqual(noUndo('it only reads'));
    expect(plan.result).toMatchObject({
      target: { kind: 'Deployment', namespace: shop.namespace, name: 'crashing' },
      // A busy scheduler may have left a warning of its own beside them.
      findings: expect.arrayContaining([
        `Deployment ${shop.namespace}/crashing has 0 of 2 pods available`,
        expect.stringMatching(
          /^2 of 2 pods \(crashing-.*\): container main is in CrashLoopBackOff: .*; it was OOMKilled without a memory limit of its own, 5 restarts$/,
        ),
      ]),
      pod_count: 2,
      pods: [
        {
          ready: false,
          containers: [
            { state: 'waiting', reason: 'CrashLoopBackOff', restarts: 5, last_termination: { exit_code: 137 } },
          ],
        },
        {},
      ],
      events: expect.arrayContaining([
        expect.objectContaining({ reason: 'ScalingReplicaSet' }),
        expect.objectContaining({ reason: 'SuccessfulCreate' }),
      ]),
      nodes: expect.arrayContaining([expect.objectContaining({ allocatable: expect.anything() })]),
      usage: { unavailable: expect.stringContaining('no metrics API') },
      logs: [
        { container: 'main', previous: true },
        { container: 'main', previous: true },
      ],
      object: { kind: 'Deployment', spec: { replicas: 2 } },
    });
    expect(JSON.stringify(plan.result)).not.toContain('hunter2');
  }, 60_000);

  test.each([
    ['deployment/fine', /^PodDisruptionBudget .*\/fine allows no disruption now: 2 pods are healthy, 2 must be$/],
    ['deployment/stuck', /^Deployment .*\/stuck has Progressing False, ProgressDeadlineExceeded: /],
    ['statefulset/unschedulable', /^Pod unschedulable-0: Pending, Unschedulable: .* Insufficient cpu/],
    ['pdb/fine', /^PodDisruptionBudget .*\/fine allows no disruption now/],
  ])(
    'finds what is wrong about %s',
    async (target, finding) => {
      const { result } = await shop.plan('collect_diagnostics', target);

      expect(result).toMatchObject({ findings: expect.arrayContaining([expect.stringMatching(finding)]) });
    },
    60_000,
  );

  test('of a pod names its owners, and of a node and a namespace their pods', async () => {
    const [pod] = await shop.pods('crashing');

    const [ofPod, ofNode, ofNamespace] = await Promise.all([
      shop.plan('collect_diagnostics', `pod/${pod?.metadata.name}`),
      shop.plan('collect_diagnostics', `node/${shop.nodes[0]}`),
      shop.plan('collect_diagnostics', `namespace/${shop.namespace}`),
    ]);

    expect(ofPod.result).toMatchObject({
      owners: [{ kind: 'ReplicaSet' }, { kind: 'Deployment', name: 'crashing' }],
      pod_count: 1,
    });
    expect(ofNode.result).toMatchObject({ nodes: [{ name: shop.nodes[0], unschedulable: false }] });
    expect(ofNamespace.result).toMatchObject({
      pod_count: 7,
      pods: [{ name: expect.stringMatching(/^crashing-/) }, {}, {}, {}, {}, {}, {}],
    });
  }, 60_000);

  test('stands although most of it may not be read, and says of each part why it is not there', async () => {
    const limited = await shop.restricted([
      { apiGroups: ['apps'], resources: ['deployments', 'replicasets'], verbs: ['get', 'list'] },
      { apiGroups: [''], resources: ['pods'], verbs: ['list'] },
    ]);

    const cluster = readerOf(limited, { timeoutMs: 10_000 });
    const { result } = await shop.plan('collect_diagnostics', 'deployment/crashing', {}, { cluster });

    const forbidden = { unavailable: expect.stringMatching(/forbidden/) };
    expect(result).toMatchObject({
      pod_count: 2,
      nodes: forbidden,
      budgets: forbidden,
      events: forbidden,
      logs: [forbidden, forbidden],
    });
    expect(result).toMatchObject({ findings: expect.arrayContaining([expect.stringMatching(/CrashLoopBackOff/)]) });
  }, 60_000);

  test('leaves out what is not asked for', async () => {
    const parameters = { include_logs: false, include_events: false, include_metrics: false };

    const { result } = await shop.plan('collect_diagnostics', 'deployment/crashing', parameters);

    for (const part of ['logs', 'events', 'usage']) expect(result).not.toHaveProperty(part);
  }, 60_000);
});
