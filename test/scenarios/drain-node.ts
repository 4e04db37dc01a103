import { randomUUID } from 'node:crypto';
import { expect } from 'vitest';
import type { KubernetesObject, ObjectReference } from '../../src/kubernetes/object.ts';
import { eventually } from '../support/cluster.ts';
import type { Ground } from './ground.ts';
import { ownNodes } from './own-nodes.ts';
import type { Effect, Scenarios } from './scenario.ts';

export const scenarios: Scenarios = {
  effects: {
    'pods of a Deployment within their budget; those of a DaemonSet and a mirror pod stay': async (ground) => {
      const { target, podSpec, node } = await drained(ground);
      const workload = await ground.workload('Deployment', { replicas: 3, podSpec });
      const budget = await budgetFor(ground, workload.name, 2);
      const daemon = await ground.workload('DaemonSet', { podSpec });
      const mirror = await bare(ground, target, { annotations: { 'kubernetes.io/config.mirror': 'a-hash' } });
      await node();
      return {
        target,
        parameters: {},
        touches: [budget, mirror],
        see: async (answer) => {
          await cordoned(ground, target, true);
          expect(await podsOn(ground, target)).toEqual([mirror.name, expect.stringContaining(daemon.name)]);
          expect(answer.result).toEqual({ evicted: 3, total: 3, blocked: [] });
          expect(answer.message).toContain('3 pods were evicted');
          expect(answer.warnings.join()).toMatch(/DaemonSet pod.*mirror pod|mirror pod.*DaemonSet pod/);
        },
        seeUndone: () => cordoned(ground, target, false),
      };
    },
    'a node that was cordoned before: a rollback does not open it': async (ground) => {
      const { target, podSpec, node } = await drained(ground);
      await ground.workload('StatefulSet', { podSpec });
      await ground.patch(target, { spec: { unschedulable: true } });
      await node();
      return {
        target,
        parameters: { grace_period_seconds: 1 },
        undoReason: /nothing that was done has to be taken back/,
        see: async () => expect(await podsOn(ground, target)).toEqual([]),
      };
    },
    'pods that nothing makes again and that keep data, by force': async (ground) => {
      const { target } = await drained(ground);
      const pods = [
        await bare(ground, target, {}),
        await bare(ground, target, {}, { volumes: [{ name: 'cache', emptyDir: {} }] }),
      ];
      return {
        ...evictsAll(ground, target),
        parameters: { force: true, delete_local_data: true },
        touches: pods,
      };
    },
    'a pod that has finished, though nothing makes it again': async (ground) => {
      const { target } = await drained(ground);
      const pod = await bare(ground, target, {}, { volumes: [{ name: 'cache', emptyDir: {} }] });
      await ground.patch(pod, { status: { phase: 'Succeeded' } }, 'status');
      return { ...evictsAll(ground, target), touches: [pod] };
    },
    'a pod whose DaemonSet is gone, by force': async (ground) => {
      const { target } = await drained(ground);
      const pod = await orphan(ground, target);
      return { ...evictsAll(ground, target), parameters: { force: true }, touches: [pod] };
    },
    'a pod that is on its way out already is waited for': async (ground) => {
      const { target } = await drained(ground);
      const pod = await bare(ground, target, { annotations: { 'test/terminate-after': '6s' } });
      await ground.cluster.delete(pod);
      return { ...evictsAll(ground, target), notVerified: true };
    },
  },
  refusals: {
    'a pod that nothing makes again': async (ground) => {
      const { target } = await drained(ground);
      const pod = await bare(ground, target, {});
      return refused(target, new RegExp(`${pod.name}: it has no controller`));
    },
    'a pod with data of its own': async (ground) => {
      const { target, podSpec } = await drained(ground);
      await ground.workload('Deployment', {
        podSpec: { ...podSpec, volumes: [{ name: 'cache', emptyDir: {} }] },
      });
      return refused(target, /keeps data in emptyDir cache/);
    },
    'pods of DaemonSets, if they are not to be ignored': async (ground) => {
      const { target, podSpec } = await drained(ground);
      await ground.workload('DaemonSet', { podSpec });
      return { ...refused(target, /would make it again on this node/), parameters: { ignore_daemonsets: false } };
    },
    'a pod whose DaemonSet is gone': async (ground) => {
      const { target } = await drained(ground);
      await orphan(ground, target);
      return refused(target, /its DaemonSet gone-daemon is gone/);
    },
    'a pod that several budgets select': async (ground) => {
      const { target, podSpec } = await drained(ground);
      const { name } = await ground.workload('Deployment', { podSpec });
      const [first, second] = [await budgetFor(ground, name, 1), await budgetFor(ground, name, 1)];
      return refused(target, new RegExp(`the budgets (${first.name}|${second.name}), .* all select it`));
    },
    'a node of the control plane': async (ground) => ({
      target: await ground.node({ labels: { 'node-role.kubernetes.io/control-plane': '' } }),
      parameters: {},
      code: 'policy_denied',
      detail: /belongs to the control plane/,
    }),
    'a node of the control plane that is cordoned, with pods': async (ground) => {
      const { podSpec, node } = ownNodes(ground);
      const target = await node({ labels: { 'node-role.kubernetes.io/control-plane': '' } });
      await ground.workload('Deployment', { podSpec });
      await ground.patch(target, { spec: { unschedulable: true } });
      return { target, parameters: {}, code: 'policy_denied', detail: /belongs to the control plane/ };
    },
    'a pod with a protected label, even by force': async (ground) => {
      const { target, podSpec } = await drained(ground);
      await ground.workload('Deployment', { podSpec, podLabels: { 'executor.kubernaut.io/protected': 'true' } });
      return { target, parameters: { force: true }, code: 'protected_target', detail: /is protected/ };
    },
  },
  unusedPermissions: {
    'get pods.': 'whether an eviction whose answer was lost has had its effect',
    'watch nodes.': "the cordon's own answer proves it; a run that is settled after a crash has to look",
  },
};

async function drained(ground: Ground) {
  const { node, podSpec } = ownNodes(ground);
  return { node, podSpec, target: await node() };
}

function evictsAll(ground: Ground, target: ObjectReference): Effect {
  return {
    target,
    parameters: {},
    see: async () => {
      await cordoned(ground, target, true);
      expect(await podsOn(ground, target)).toEqual([]);
    },
    seeUndone: () => cordoned(ground, target, false),
  };
}

function refused(target: ObjectReference, detail: RegExp) {
  return { target, parameters: {}, code: 'precondition_failed', detail };
}

async function cordoned(ground: Ground, target: ObjectReference, is: boolean): Promise<void> {
  const { spec } = await ground.read(target);
  expect((spec as { unschedulable?: boolean }).unschedulable ?? false).toBe(is);
}

async function podsOn(ground: Ground, { name }: ObjectReference): Promise<string[]> {
  const query = { apiVersion: 'v1', kind: 'Pod', namespace: ground.namespace, fieldSelector: `spec.nodeName=${name}` };
  const { items } = await ground.cluster.list(query);
  return items.map(({ metadata }) => metadata.name).sort();
}

/** A pod on that node, whoever schedules. */
async function bare(
  ground: Ground,
  { name: nodeName }: ObjectReference,
  metadata: Partial<KubernetesObject['metadata']>,
  spec: Record<string, unknown> = {},
): Promise<ObjectReference> {
  const { namespace } = ground;
  const name = ground.name('bare');
  await ground.create({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace, ...metadata },
    spec: { nodeName, containers: [{ name: 'app', image: 'registry.example/app:1' }], ...spec },
  });
  const reference = { apiVersion: 'v1', kind: 'Pod', namespace, name };
  await eventually(async () => {
    const { status } = await ground.cluster.get(reference);
    expect(status).toMatchObject({ phase: 'Running' });
  });
  return reference;
}

/** Its owner's API is not there, so that the garbage collector leaves it alone, as when it has not come to it yet. */
async function orphan(ground: Ground, node: ObjectReference): Promise<ObjectReference> {
  const owner = {
    apiVersion: 'apps.example/v1',
    kind: 'DaemonSet',
    name: 'gone-daemon',
    uid: randomUUID(),
    controller: true,
  };
  return await bare(ground, node, { ownerReferences: [owner] });
}

async function budgetFor(ground: Ground, app: string, minAvailable: number): Promise<ObjectReference> {
  const { namespace } = ground;
  const name = ground.name('budget');
  await ground.create({
    apiVersion: 'policy/v1',
    kind: 'PodDisruptionBudget',
    metadata: { name, namespace },
    spec: { minAvailable, selector: { matchLabels: { app } } },
  });
  await eventually(async () => {
    const { status } = await ground.cluster.get({
      apiVersion: 'policy/v1',
      kind: 'PodDisruptionBudget',
      namespace,
      name,
    });
    expect(status).toMatchObject({ expectedPods: expect.any(Number), observedGeneration: 1 });
  });
  return { apiVersion: 'policy/v1', kind: 'PodDisruptionBudget', namespace, name };
}
