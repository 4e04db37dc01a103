import { expect } from 'vitest';
import type { ObjectReference } from '../../src/kubernetes/object.ts';
import { createNamespace } from '../support/cluster.ts';
import type { Ground } from './ground.ts';
import type { Scenarios } from './scenario.ts';
import { measure, recommend, usageAnnotation, usageKinds } from './usage.ts';

const app = {
  name: 'app',
  image: 'registry.example/app:1',
  resources: {
    requests: { cpu: '1', memory: '1Gi', 'ephemeral-storage': '1Gi' },
    limits: { cpu: '2', memory: '1Gi' },
  },
};
const proxy = { name: 'proxy', image: 'registry.example/proxy:1', resources: { requests: { cpu: '100m' } } };
const recommendation = {
  containerName: 'app',
  lowerBound: { cpu: '100m', memory: '200Mi' },
  target: { cpu: '300m', memory: '300Mi' },
  upperBound: { cpu: '1500m', memory: '2Gi' },
};
const usage = { app: { cpu: '100m', memory: '100Mi' }, proxy: { cpu: '85m', memory: '20Mi' } };

export const scenarios: Scenarios = {
  effects: {
    'the target of a recommendation; limits keep their ratio, and other containers what they have': async (ground) => {
      await usageKinds(ground);
      const target = await ground.workload('Deployment', { containers: [app, proxy] });
      await recommend(ground, target, [recommendation]);
      return {
        target,
        parameters: {},
        see: async (answer) => {
          expect(await resourcesIn(ground, target)).toEqual([
            {
              requests: { cpu: '300m', memory: '300Mi', 'ephemeral-storage': '1Gi' },
              limits: { cpu: '600m', memory: '300Mi' },
            },
            proxy.resources,
          ]);
          expect(answer.message).toMatch(/the target of VerticalPodAutoscaler/);
        },
      };
    },
    'the lower bound, for the cost, against an autoscaler that acts by itself': async (ground) => {
      await usageKinds(ground);
      const target = await ground.workload('DaemonSet', { containers: [app] });
      await recommend(ground, target, [recommendation], 'Recreate');
      return {
        target,
        parameters: { strategy: 'cost' },
        see: async (answer) => {
          expect(await resourcesIn(ground, target)).toMatchObject([{ requests: { cpu: '100m', memory: '200Mi' } }]);
          expect(answer.warnings).toEqual([expect.stringMatching(/is in the mode Recreate/)]);
        },
      };
    },
    'the usage with headroom, where nothing recommends': async (ground) => {
      await usageKinds(ground);
      const target = await ground.workload('StatefulSet', {
        containers: [app, proxy],
        podAnnotations: usageAnnotation(usage),
      });
      await measure(ground, target, usage);
      return {
        target,
        parameters: { strategy: 'performance' },
        see: async (answer) => {
          expect(await resourcesIn(ground, target)).toEqual([
            {
              requests: { cpu: '200m', memory: '208Mi', 'ephemeral-storage': '1Gi' },
              limits: { cpu: '400m', memory: '208Mi' },
            },
            { requests: { cpu: '170m', memory: '48Mi' } },
          ]);
          expect(answer.message).toMatch(/the usage of 1 pods now and 100 % of headroom/);
        },
      };
    },
    'all workloads of a namespace of which something is known': async (ground) => {
      await usageKinds(ground);
      const namespace = await createNamespace(ground.cluster, 'optimize');
      const [one, two, other] = await Promise.all(
        ['one', 'two', 'other'].map((name) => deployment(ground, namespace, name)),
      );
      if (!one || !two || !other) throw new Error('three workloads');
      const there = { ...ground, namespace };
      await recommend(there, one, [recommendation]);
      await recommend(there, two, [recommendation]);
      return {
        target: { apiVersion: 'v1', kind: 'Namespace', name: namespace },
        touches: [one, two, other],
        parameters: {},
        see: async (answer) => {
          for (const workload of [one, two]) {
            expect(await resourcesIn(ground, workload)).toMatchObject([{ requests: { cpu: '300m', memory: '300Mi' } }]);
          }
          expect(await resourcesIn(ground, other)).toEqual([app.resources]);
          expect(answer.warnings).toEqual([expect.stringMatching(/Left out: of what Deployment .*other uses nothing/)]);
          expect(answer.risk).toMatchObject({ level: 'high', reasons: ['2 workloads replace their pods'] });
        },
        seeUndone: async () => {
          for (const workload of [one, two, other])
            expect(await resourcesIn(ground, workload)).toEqual([app.resources]);
          await ground.cluster.delete({ apiVersion: 'v1', kind: 'Namespace', name: namespace });
        },
      };
    },
  },
  refusals: {
    'a workload of whose usage nothing is known': async (ground) => ({
      target: await ground.workload('Deployment', { containers: [app] }),
      parameters: {},
      code: 'not_supported',
      detail: /Of what Deployment .* uses nothing is known/,
    }),
    'a paused Deployment': async (ground) => ({
      target: await ground.workload('Deployment', { spec: { paused: true }, ready: false }),
      parameters: {},
      code: 'precondition_failed',
      detail: /is paused/,
    }),
    'a strategy that is none': async (ground) => ({
      target: await ground.workload('Deployment'),
      parameters: { strategy: 'cheap' },
      code: 'validation_failed',
      detail: /parameters\/strategy/,
    }),
    'a workload that a GitOps controller manages': async (ground) => {
      await usageKinds(ground);
      const target = await ground.workload('Deployment', {
        labels: { 'argocd.argoproj.io/instance': 'shop' },
        containers: [app],
      });
      await recommend(ground, target, [recommendation]);
      return { target, parameters: {}, code: 'gitops_managed', detail: /is managed by Argo CD/ };
    },
  },
};

async function deployment(ground: Ground, namespace: string, name: string): Promise<ObjectReference> {
  const reference = { apiVersion: 'apps/v1', kind: 'Deployment', namespace, name };
  await ground.cluster.create({
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name, namespace },
    spec: {
      selector: { matchLabels: { app: name } },
      template: { metadata: { labels: { app: name } }, spec: { containers: [app] } },
    },
  });
  return reference;
}

async function resourcesIn({ cluster }: Ground, target: ObjectReference): Promise<unknown[]> {
  const { spec } = await cluster.get(target);
  const { template } = spec as { template: { spec: { containers: { resources: unknown }[] } } };
  return template.spec.containers.map(({ resources }) => resources);
}
