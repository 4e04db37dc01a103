import { expect } from 'vitest';
import type { ObjectReference } from '../../src/kubernetes/object.ts';
import type { Ground, WorkloadKind, WorkloadShape } from './ground.ts';
import type { Effect, Scenarios } from './scenario.ts';

const small = {
  requests: { cpu: '100m', memory: '64Mi', 'ephemeral-storage': '1Gi' },
  limits: { cpu: '200m', memory: '128Mi', 'ephemeral-storage': '2Gi' },
};
const app = { name: 'app', image: 'registry.example/app:1' };
const two = [
  { ...app, resources: small },
  { ...app, name: 'proxy', resources: { limits: { cpu: '50m' } } },
];

export const scenarios: Scenarios = {
  effects: {
    'another limit; the request and other resources stay': async (ground) =>
      await inTemplate(ground, 'Deployment', {
        parameters: { memory: '0.5Gi' },
        resources: { ...small, limits: { ...small.limits, memory: '512Mi' } },
      }),
    'requests and limits of one container of two': async (ground) => {
      const effect = await inTemplate(ground, 'StatefulSet', {
        parameters: { cpu_limit: 1, cpu_request: '300m', memory_request: '128Mi', container_name: 'app' },
        resources: {
          requests: { ...small.requests, cpu: '300m', memory: '128Mi' },
          limits: { ...small.limits, cpu: '1' },
        },
        containers: two,
      });
      return {
        ...effect,
        see: async (answer) => {
          await effect.see(answer);
          expect(await containersOf(ground, effect.target)).toMatchObject([{}, two[1] ?? {}]);
        },
      };
    },
    'nothing given: a floor, below which nothing stays, and above which everything does': async (ground) =>
      await inTemplate(ground, 'DaemonSet', {
        parameters: {},
        containers: [
          { ...app, resources: { requests: { cpu: '1', memory: '64Mi' }, limits: { cpu: '2', memory: '128Mi' } } },
        ],
        resources: { requests: { cpu: '1', memory: '512Mi' }, limits: { cpu: '2', memory: '1Gi' } },
      }),
    'nothing given, and nothing there': async (ground) =>
      await inTemplate(ground, 'Deployment', {
        parameters: {},
        containers: [app],
        resources: { requests: { cpu: '250m', memory: '512Mi' }, limits: { cpu: '500m', memory: '1Gi' } },
      }),
    'the running pods, in place': async (ground) => {
      const target = await ground.workload('Deployment', { replicas: 2, containers: [{ ...app, resources: small }] });
      const pods = await ground.podsOf(target);
      const resources = { ...small, limits: { ...small.limits, cpu: '400m' } };
      const references = pods.map(({ metadata: { name } }) => ({ ...podKind, namespace: ground.namespace, name }));
      const seeAll = async (wanted: object) => {
        const after = await ground.podsOf(target);
        const uids = (of: typeof pods) => new Set(of.map(({ metadata }) => metadata.uid));
        expect(uids(after)).toEqual(uids(pods));
        for (const reference of references) {
          const { spec, status } = await ground.read(reference);
          expect(spec).toMatchObject({ containers: [{ resources: wanted }] });
          expect(status).toMatchObject({ containerStatuses: [{ resources: wanted, restartCount: 0 }] });
        }
      };
      return {
        target,
        touches: references,
        parameters: { cpu: '400m', in_place: true },
        notVerified: true,
        see: async (answer) => {
          await seeAll(resources);
          expect(await containersOf(ground, target)).toMatchObject([{ resources: small }]);
          expect(answer.warnings).toEqual([expect.stringMatching(/pods that are made from now on have the old ones/)]);
        },
        seeUndone: () => seeAll(small),
      };
    },
  },
  refusals: {
    'a limit below the one it has': async (ground) => ({
      target: await sized(ground),
      parameters: { memory: '100Mi' },
      code: 'precondition_failed',
      detail: /has a memory limit of 128Mi; 100Mi would lower it/,
    }),
    'a request below the one it has': async (ground) => ({
      target: await sized(ground),
      parameters: { cpu_request: '10m' },
      code: 'precondition_failed',
      detail: /has a cpu request of 100m; 10m would lower it/,
    }),
    'a request above its limit': async (ground) => ({
      target: await sized(ground),
      parameters: { cpu_request: '300m' },
      code: 'precondition_failed',
      detail: /has a cpu limit of 200m, below the request of 300m/,
    }),
    'which of two containers is not said': async (ground) => ({
      target: await ground.workload('Deployment', { containers: two }),
      parameters: { cpu: '1' },
      code: 'precondition_failed',
      detail: /has more than one container: app, proxy/,
    }),
    'a container that is not there': async (ground) => ({
      target: await sized(ground),
      parameters: { cpu: '1', container_name: 'web' },
      code: 'precondition_failed',
      detail: /has no container web; it has app/,
    }),
    'a paused Deployment': async (ground) => ({
      target: await ground.workload('Deployment', { spec: { paused: true }, ready: false }),
      parameters: { cpu: '1' },
      code: 'precondition_failed',
      detail: /is paused/,
    }),
    'an update strategy that replaces no pod': async (ground) => ({
      target: await ground.workload('StatefulSet', { spec: { updateStrategy: { type: 'OnDelete' } } }),
      parameters: { cpu: '1' },
      code: 'precondition_failed',
      detail: /OnDelete/,
    }),
    'in place, where no pod runs': async (ground) => ({
      target: await ground.workload('Deployment', { replicas: 0 }),
      parameters: { cpu: '1', in_place: true },
      code: 'precondition_failed',
      detail: /has no running pods to resize/,
    }),
    'an amount that is none, and one of two names': async (ground) => ({
      target: await sized(ground),
      parameters: { cpu: 'plenty', memory: '1Gi', memory_limit: '2Gi' },
      code: 'validation_failed',
      detail: /parameters\/cpu.*must be an amount above zero/,
    }),
    'a workload that a GitOps controller manages': async (ground) => ({
      target: await ground.workload('Deployment', { labels: { 'argocd.argoproj.io/instance': 'shop' } }),
      parameters: { cpu: '1' },
      code: 'gitops_managed',
      detail: /is managed by Argo CD/,
    }),
  },
};

const podKind = { apiVersion: 'v1', kind: 'Pod' };

function sized(ground: Ground): Promise<ObjectReference> {
  return ground.workload('Deployment', { containers: [{ ...app, resources: small }] });
}

async function inTemplate(
  ground: Ground,
  kind: WorkloadKind,
  wanted: { parameters: Record<string, unknown>; resources: object } & Pick<WorkloadShape, 'containers'>,
): Promise<Effect & { target: ObjectReference }> {
  const target = await ground.workload(kind, { containers: wanted.containers ?? [{ ...app, resources: small }] });
  return {
    target,
    parameters: wanted.parameters,
    see: async () => {
      const [container] = await containersOf(ground, target);
      expect(container).toHaveProperty('resources', wanted.resources);
      const pods = await ground.podsOf(target);
      expect(pods.map(({ spec }) => spec)).toMatchObject([
        { containers: [{ resources: wanted.resources }, ...rest(wanted)] },
      ]);
    },
  };
}

function rest({ containers = [] }: Pick<WorkloadShape, 'containers'>): object[] {
  return containers.slice(1).map(({ name }) => ({ name }));
}

async function containersOf(ground: Ground, target: ObjectReference): Promise<object[]> {
  const { spec } = await ground.read(target);
  return (spec as { template: { spec: { containers: object[] } } }).template.spec.containers;
}
