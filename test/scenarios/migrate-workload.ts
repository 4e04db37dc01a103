import { expect } from 'vitest';
import type { ObjectReference } from '../../src/kubernetes/object.ts';
import type { Ground, WorkloadShape } from './ground.ts';
import { type OwnNodes, ownNodes } from './own-nodes.ts';
import type { Effect, Scenarios } from './scenario.ts';

const hostname = 'kubernetes.io/hostname';
const zone = { key: 'zone', operator: 'In', values: ['a'] };

export const scenarios: Scenarios = {
  effects: {
    'all pods to one node': async (ground) => {
      const own = ownNodes(ground);
      const node = await own.node();
      const target = await ground.workload('Deployment', { replicas: 2, podSpec: welcome(own) });
      return {
        target,
        parameters: { target_node: node.name },
        see: async (answer) => {
          expect(await nodesOf(ground, target)).toEqual([node.name, node.name]);
          expect(await termsOf(ground, target)).toEqual([
            { matchExpressions: [{ key: hostname, operator: 'In', values: [node.name] }] },
          ]);
          expect(answer.warnings).toEqual([expect.stringMatching(/All 2 pods will be on node/)]);
        },
      };
    },
    'all pods to one node, beside the affinity that they have': async (ground) => {
      const own = ownNodes(ground);
      const node = await own.node({ labels: { zone: 'a' } });
      const other = await own.node({ labels: { zone: 'a' } });
      const terms = [{ matchExpressions: [zone, { key: hostname, operator: 'In', values: [other.name] }] }];
      const target = await ground.workload('StatefulSet', { podSpec: { ...welcome(own), ...affine(terms) } });
      return {
        target,
        parameters: { target_node: node.name },
        see: async () => {
          expect(await nodesOf(ground, target)).toEqual([node.name]);
          expect(await termsOf(ground, target)).toEqual([
            { matchExpressions: [zone, { key: hostname, operator: 'In', values: [node.name] }] },
          ]);
        },
      };
    },
    'all pods away from a node to which they were sent': async (ground) => {
      const own = ownNodes(ground);
      const node = await own.node();
      const sent = affine([{ matchExpressions: [{ key: hostname, operator: 'In', values: [node.name] }] }]);
      const target = await ground.workload('Deployment', { podSpec: { ...welcome(own), ...sent } });
      return await away(ground, target, node);
    },
    'all pods of a StatefulSet away from a node': async (ground) => {
      const own = ownNodes(ground);
      const node = await own.node();
      return await away(ground, await ground.workload('StatefulSet', { podSpec: welcome(own) }), node);
    },
  },
  refusals: {
    'neither node given': async (ground) => ({
      target: await ground.workload('Deployment'),
      parameters: {},
      code: 'validation_failed',
      detail: /must give either target_node or away_from_node/,
    }),
    'another cluster': async (ground) => ({
      target: await ground.workload('Deployment'),
      parameters: { target_cluster: 'west' },
      code: 'not_supported',
      detail: /can't move a workload to another cluster/,
    }),
    'a node that does not exist': async (ground) => ({
      target: await ground.workload('Deployment'),
      parameters: { target_node: 'no-such-node' },
      code: 'precondition_failed',
      detail: /There is no node no-such-node/,
    }),
    'a node that is not Ready': async (ground) =>
      await to(ground, { annotations: { 'test/not-ready': 'true' } }, /is not Ready/),
    'a cordoned node': async (ground) => await to(ground, { spec: { unschedulable: true } }, /is cordoned/),
    'a tainted node': async (ground) =>
      await to(
        ground,
        { spec: { taints: [{ key: 'dedicated', value: 'gpu', effect: 'NoSchedule' }] } },
        /has the taint dedicated=gpu:NoSchedule, which the pods do not tolerate/,
      ),
    'a node without room': async (ground) =>
      await to(ground, {}, /has no room for 1 pods of .*: they request 900 of cpu, and \d+m? of its \d+ are left/, {
        replicas: 1,
        ready: false,
        containers: [{ name: 'app', image: 'registry.example/app:1', resources: { requests: { cpu: '900' } } }],
      }),
    'a node that the pods may not run on': async (ground) =>
      await to(ground, {}, /their nodeSelector disk=ssd does not match it/, {
        ready: false,
        podSpec: { nodeSelector: { disk: 'ssd' } },
      }),
    'a node that the affinity of the pods rules out': async (ground) =>
      await to(ground, {}, /their node affinity does not match it/, {
        ready: false,
        podSpec: affine([{ matchExpressions: [zone] }]),
      }),
    'a node without a hostname label': async (ground) => {
      const own = ownNodes(ground);
      const node = await own.node();
      await ground.patch(node, { metadata: { labels: { [hostname]: null } } });
      const target = await ground.workload('Deployment', { podSpec: welcome(own) });
      return {
        target,
        parameters: { target_node: node.name },
        code: 'precondition_failed',
        detail: /has no label kubernetes.io\/hostname/,
      };
    },
    'a paused Deployment': async (ground) =>
      await to(ground, {}, /is paused/, { spec: { paused: true }, ready: false }),
    'a StatefulSet with a partition': async (ground) => ({
      target: await ground.workload('StatefulSet', {
        spec: { updateStrategy: { type: 'RollingUpdate', rollingUpdate: { partition: 1 } } },
      }),
      parameters: { target_node: (await ground.node()).name },
      code: 'precondition_failed',
      detail: /has a partition of 1/,
    }),
    'a workload that a GitOps controller manages': async (ground) => ({
      ...(await to(ground, {}, /is managed by Argo CD/, { labels: { 'argocd.argoproj.io/instance': 'shop' } })),
      code: 'gitops_managed',
    }),
  },
};

async function away(ground: Ground, target: ObjectReference, node: ObjectReference): Promise<Effect> {
  return {
    target,
    parameters: { away_from_node: node.name },
    see: async () => {
      expect(await nodesOf(ground, target)).toEqual([expect.not.stringMatching(node.name)]);
      expect(await termsOf(ground, target)).toEqual([
        { matchExpressions: [{ key: hostname, operator: 'NotIn', values: [node.name] }] },
      ]);
    },
  };
}

/** To a node of that shape, which is the scenario's own and takes its pods. */
async function to(ground: Ground, of: Parameters<OwnNodes['node']>[0], detail: RegExp, shape: WorkloadShape = {}) {
  const own = ownNodes(ground);
  const node = await own.node(of);
  const target = await ground.workload('Deployment', { ...shape, podSpec: { ...welcome(own), ...shape.podSpec } });
  return { target, parameters: { target_node: node.name }, code: 'precondition_failed', detail };
}

/** Pods that may be on the scenario's own nodes, and on those of all. */
function welcome({ podSpec: { tolerations } }: OwnNodes): Record<string, unknown> {
  return { tolerations };
}

function affine(nodeSelectorTerms: object[]): Record<string, unknown> {
  return { affinity: { nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms } } } };
}

async function nodesOf(ground: Ground, target: ObjectReference): Promise<unknown[]> {
  const pods = await ground.podsOf(target);
  return pods.map(({ spec }) => (spec as { nodeName?: string }).nodeName);
}

async function termsOf(ground: Ground, target: ObjectReference): Promise<unknown> {
  const { spec } = await ground.read(target);
  const { template } = spec as { template: { spec: ReturnType<typeof affine> } };
  const { affinity } = template.spec as { affinity: { nodeAffinity: Record<string, { nodeSelectorTerms: unknown }> } };
  return affinity.nodeAffinity['requiredDuringSchedulingIgnoredDuringExecution']?.nodeSelectorTerms;
}
