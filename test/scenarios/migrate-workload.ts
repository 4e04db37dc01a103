import { expect } from 'vitest';
import type { ObjectReference } from '../../src/kubernetes/object.ts';
import type { Ground, WorkloadShape } from './ground.ts';
import type { Effect, Scenarios } from './scenario.ts';

const hostname = 'kubernetes.io/hostname';
const zone = { key: 'zone', operator: 'In', values: ['a'] };

export const scenarios: Scenarios = {
  effects: {
    'all pods to one node': async (ground) => {
      const node = await ground.node({ room: true });
      const target = await ground.workload('Deployment', { replicas: 2 });
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
      const node = await ground.node({ room: true, labels: { zone: 'a' } });
      const other = await ground.node({ room: true, labels: { zone: 'a' } });
      const terms = [{ matchExpressions: [zone, { key: hostname, operator: 'In', values: [other.name] }] }];
      const target = await ground.workload('StatefulSet', { podSpec: affine(terms) });
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
      const node = await ground.node({ room: true });
      const target = await ground.workload('Deployment', {
        podSpec: affine([{ matchExpressions: [{ key: hostname, operator: 'In', values: [node.name] }] }]),
      });
      return await away(ground, target, node);
    },
    'all pods of a StatefulSet away from a node': async (ground) => {
      const node = await ground.node({ room: true });
      return await away(ground, await ground.workload('StatefulSet'), node);
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
      await to(ground, await ground.node({ room: true, annotations: { 'test/not-ready': 'true' } }), /is not Ready/),
    'a cordoned node': async (ground) =>
      await to(ground, await ground.node({ room: true, spec: { unschedulable: true } }), /is cordoned/),
    'a tainted node': async (ground) =>
      await to(
        ground,
        await ground.node({ room: true, spec: { taints: [{ key: 'dedicated', value: 'gpu', effect: 'NoSchedule' }] } }),
        /has the taint dedicated=gpu:NoSchedule, which the pods do not tolerate/,
      ),
    'a node without room': async (ground) =>
      await to(
        ground,
        await ground.node({ room: true }),
        /has no room for 1 pods of .*: they request 900 of cpu, and \d+m? of its \d+ are left/,
        {
          replicas: 1,
          ready: false,
          containers: [{ name: 'app', image: 'registry.example/app:1', resources: { requests: { cpu: '900' } } }],
        },
      ),
    'a node that the pods may not run on': async (ground) =>
      await to(ground, await ground.node({ room: true }), /their nodeSelector disk=ssd does not match it/, {
        ready: false,
        podSpec: { nodeSelector: { disk: 'ssd' } },
      }),
    'a node that the affinity of the pods rules out': async (ground) =>
      await to(ground, await ground.node({ room: true }), /their node affinity does not match it/, {
        ready: false,
        podSpec: affine([{ matchExpressions: [zone] }]),
      }),
    'a node without a hostname label': async (ground) => {
      const node = await ground.node({ room: true });
      await ground.patch(node, { metadata: { labels: { [hostname]: null } } });
      return await to(ground, node, /has no label kubernetes.io\/hostname/);
    },
    'a paused Deployment': async (ground) =>
      await to(ground, await ground.node({ room: true }), /is paused/, { spec: { paused: true }, ready: false }),
    'a StatefulSet with a partition': async (ground) => ({
      target: await ground.workload('StatefulSet', {
        spec: { updateStrategy: { type: 'RollingUpdate', rollingUpdate: { partition: 1 } } },
      }),
      parameters: { target_node: (await ground.node({ room: true })).name },
      code: 'precondition_failed',
      detail: /has a partition of 1/,
    }),
    'a workload that a GitOps controller manages': async (ground) => ({
      target: await ground.workload('Deployment', { labels: { 'argocd.argoproj.io/instance': 'shop' } }),
      parameters: { target_node: (await ground.node({ room: true })).name },
      code: 'gitops_managed',
      detail: /is managed by Argo CD/,
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

async function to(ground: Ground, node: ObjectReference, detail: RegExp, shape: WorkloadShape = {}) {
  const target = await ground.workload('Deployment', shape);
  return { target, parameters: { target_node: node.name }, code: 'precondition_failed', detail };
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
