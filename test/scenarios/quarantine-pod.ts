import { expect } from 'vitest';
import type { KubernetesObject, ObjectReference } from '../../src/kubernetes/object.ts';
import { eventually } from '../support/cluster.ts';
import type { Ground } from './ground.ts';
import type { Answered, Effect, Scenarios } from './scenario.ts';

const mark = 'executor.kubernaut.io/quarantine';
const dns = [
  {
    ports: [
      { protocol: 'UDP', port: 53 },
      { protocol: 'TCP', port: 53 },
    ],
  },
];

export const scenarios: Scenarios = {
  effects: {
    'a pod of a Deployment, out of both its Services, and replaced': async (ground) => {
      const tier = ground.name('tier');
      const workload = await ground.workload('Deployment', { replicas: 2, podLabels: { tier, team: 'shop' } });
      const services = [await service(ground, { app: workload.name }), await service(ground, { tier })];
      const target = await ground.podOf(workload);
      await eventually(async () => expect(await servicesOf(ground, target)).toHaveLength(services.length));
      return {
        ...quarantined(ground, target, { labels: { team: 'shop' }, egress: undefined }),
        parameters: {},
        see: async (answer) => {
          await quarantined(ground, target, { labels: { team: 'shop' }, egress: undefined }).see(answer);
          expect(await servicesOf(ground, target)).toEqual([]);
          expect(await ground.podsOf(workload)).toHaveLength(2);
        },
        seeUndone: async () => {
          await isLifted(ground, target);
          // Of the pods that the ReplicaSet then has, it deletes one; that may be this very one.
          await eventually(async () => expect(await ground.podsOf(workload)).toHaveLength(2));
        },
      };
    },
    'a pod of a DaemonSet, which may ask for names': async (ground) => {
      const workload = await ground.workload('DaemonSet');
      const target = await ground.podOf(workload);
      return {
        ...quarantined(ground, target, { labels: {}, egress: dns }),
        parameters: { allow_dns: true },
        seeUndone: () => isLifted(ground, target),
      };
    },
    'a pod that nothing replaces': async (ground) => {
      const app = ground.name('alone');
      await service(ground, { app });
      const target = await ground.barePod({ labels: { app, team: 'shop' } });
      await eventually(async () => expect(await servicesOf(ground, target)).toHaveLength(1));
      const effect = quarantined(ground, target, { labels: { team: 'shop' }, egress: undefined });
      return {
        ...effect,
        parameters: {},
        see: async (answer) => {
          await effect.see(answer);
          expect(await servicesOf(ground, target)).toEqual([]);
          expect(answer.warnings).toEqual([expect.stringMatching(/has no owner: .* nothing replaces it/)]);
        },
        seeUndone: async () => {
          expect((await ground.read(target)).metadata.labels).toEqual({ app, team: 'shop' });
          await isLifted(ground, target);
        },
      };
    },
    'the policy alone, on a pod of a StatefulSet that another policy lets talk': async (ground) => {
      const workload = await ground.workload('StatefulSet');
      const target = await ground.podOf(workload);
      const { metadata } = await ground.read(target);
      const other = ground.name('allow');
      await ground.create({
        ...policyKind,
        metadata: { name: other, namespace: ground.namespace },
        spec: { podSelector: { matchLabels: { app: workload.name } }, ingress: [{}] },
      });
      const effect = quarantined(ground, target, { labels: metadata.labels ?? {}, egress: undefined });
      return {
        ...effect,
        parameters: { remove_from_service: false },
        see: async (answer) => {
          await effect.see(answer);
          expect(answer.warnings).toEqual([expect.stringContaining(`what NetworkPolicy ${other} allows`)]);
        },
        seeUndone: async () => {
          expect((await ground.read(target)).metadata.labels).toEqual(metadata.labels);
          await isLifted(ground, target);
        },
      };
    },
  },
  refusals: {
    'a pod of a StatefulSet': async (ground) => ({
      target: await ground.podOf(await ground.workload('StatefulSet')),
      parameters: {},
      code: 'not_supported',
      detail: /belongs to StatefulSet .*, which could make no other while this one keeps its name/,
    }),
    'a pod of an owner that makes no other': async (ground) => {
      const kind = { apiVersion: 'v1', kind: 'ConfigMap' };
      const name = ground.name('owner');
      const { metadata } = await ground.create({ ...kind, metadata: { name, namespace: ground.namespace } });
      const target = { apiVersion: 'v1', kind: 'Pod', namespace: ground.namespace, name: `${name}-x` };
      await ground.create({
        apiVersion: 'v1',
        kind: 'Pod',
        metadata: {
          name: target.name,
          namespace: ground.namespace,
          ownerReferences: [{ ...kind, name, uid: metadata.uid ?? '', controller: true }],
        },
        spec: { containers: [{ name: 'app', image: 'registry.example/app:1' }] },
      });
      return {
        target,
        parameters: {},
        code: 'not_supported',
        detail: /belongs to ConfigMap .*, which is none that makes another/,
      };
    },
    'a mirror pod': async (ground) => {
      const name = ground.name('static');
      await ground.create({
        apiVersion: 'v1',
        kind: 'Pod',
        metadata: { name, namespace: ground.namespace, annotations: { 'kubernetes.io/config.mirror': 'abc' } },
        spec: { nodeName: 'node-1', containers: [{ name: 'app', image: 'registry.example/app:1' }] },
      });
      return {
        target: { apiVersion: 'v1', kind: 'Pod', namespace: ground.namespace, name },
        parameters: {},
        code: 'precondition_failed',
        detail: /is a mirror pod/,
      };
    },
    'a pod that has finished': async (ground) => {
      const target = await ground.barePod();
      await ground.patch(target, { status: { phase: 'Succeeded' } }, 'status');
      return { target, parameters: {}, code: 'precondition_failed', detail: /has finished \(Succeeded\)/ };
    },
    'a pod of a protected workload': async (ground) => {
      const workload = await ground.workload('Deployment', { labels: { 'executor.kubernaut.io/protected': 'true' } });
      return {
        target: await ground.podOf(workload),
        parameters: {},
        code: 'protected_target',
        detail: /Deployment .* is protected/,
      };
    },
    'a duration that is none': async (ground) => ({
      target: await ground.barePod(),
      parameters: { duration: '90d' },
      code: 'validation_failed',
      detail: /parameters\/duration.*must be a duration from 1s to 30d/,
    }),
  },
  unusedPermissions: {
    'watch networkpolicies.networking.k8s.io':
      "the write's own answer proves the effect; a run that is settled after a crash has to look",
    'patch networkpolicies.networking.k8s.io': 'a quarantine that is there already gets another egress',
    'get networkpolicies.networking.k8s.io': 'a run that is settled after a crash, and the undo of another egress',
  },
};

const policyKind = { apiVersion: 'networking.k8s.io/v1', kind: 'NetworkPolicy' };

/** The pod has just these labels and its own; the policy denies everything but that egress. */
function quarantined(
  ground: Ground,
  target: ObjectReference,
  { labels, egress }: { labels: Record<string, string>; egress: unknown },
): Pick<Effect, 'see'> & { target: ObjectReference } {
  return {
    target,
    see: async (_answer: Answered) => {
      const { metadata, status } = await ground.read(target);
      const uid = metadata.uid ?? '';
      expect(metadata.labels).toEqual({ ...withoutGenerated(labels, metadata.labels), [mark]: uid });
      expect(status).toMatchObject({ phase: 'Running' });
      const [policy, ...others] = await policiesOf(ground, uid);
      expect(others).toEqual([]);
      expect(policy?.['spec']).toEqual({
        podSelector: { matchLabels: { [mark]: uid } },
        policyTypes: ['Ingress', 'Egress'],
        ...(egress === undefined ? {} : { egress }),
      });
    },
  };
}

/** A DaemonSet's pods have labels that no selector names. */
function withoutGenerated(labels: Record<string, string>, now: Record<string, string> = {}): Record<string, string> {
  const generated = ['controller-revision-hash', 'pod-template-generation'].flatMap((key) =>
    now[key] === undefined ? [] : [[key, now[key]] as const],
  );
  return { ...Object.fromEntries(generated), ...labels };
}

async function isLifted(ground: Ground, target: ObjectReference): Promise<void> {
  const { items } = await ground.cluster.list({ apiVersion: 'v1', kind: 'Pod', namespace: ground.namespace });
  const pod = items.find(({ metadata }) => metadata.name === target.name);
  expect(pod?.metadata.labels ?? {}).not.toHaveProperty([mark]);
  const { items: policies } = await ground.cluster.list({ ...policyKind, namespace: ground.namespace });
  expect(policies.filter(({ metadata }) => metadata.ownerReferences?.[0]?.name === target.name)).toEqual([]);
}

async function policiesOf(ground: Ground, uid: string): Promise<KubernetesObject[]> {
  const labelSelector = `${mark}=${uid}`;
  return (await ground.cluster.list({ ...policyKind, namespace: ground.namespace, labelSelector })).items;
}

async function service(ground: Ground, selector: Record<string, string>): Promise<string> {
  const name = ground.name('service');
  await ground.create({
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name, namespace: ground.namespace },
    spec: { selector, ports: [{ port: 80 }] },
  });
  return name;
}

/** The Services that send to the pod. */
async function servicesOf(ground: Ground, target: ObjectReference): Promise<unknown[]> {
  const kind = { apiVersion: 'discovery.k8s.io/v1', kind: 'EndpointSlice' };
  const { items } = await ground.cluster.list({ ...kind, namespace: ground.namespace });
  return items
    .filter((slice) => JSON.stringify(slice['endpoints'] ?? []).includes(`"name":"${target.name}"`))
    .map(({ metadata }) => metadata.labels?.['kubernetes.io/service-name']);
}
