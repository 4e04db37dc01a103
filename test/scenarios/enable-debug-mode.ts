import { expect } from 'vitest';
import type { ObjectReference } from '../../src/kubernetes/object.ts';
import { onRealCluster } from '../support/cluster.ts';
import type { Ground } from './ground.ts';
import type { Scenarios } from './scenario.ts';

export const scenarios: Scenarios = {
  effects: {
    'a variable in the template of a Deployment, which had another value': async (ground) => {
      const env = [
        { name: 'MODE', value: 'x' },
        { name: 'LOG_LEVEL', value: 'info' },
      ];
      const target = await ground.workload('Deployment', { containers: [{ ...app, env }] });
      return {
        target,
        parameters: {},
        see: async ({ undo, warnings, finished_at }) => {
          expect(await environmentOf(ground, target)).toEqual([
            { name: 'MODE', value: 'x' },
            { name: 'LOG_LEVEL', value: 'debug' },
          ]);
          expect(Date.parse(undo.scheduled_at) - Date.parse(finished_at)).toBe(30 * 60_000);
          expect(warnings).toEqual([expect.stringMatching(/undone by itself 30m after its end/)]);
        },
      };
    },
    'another variable of a StatefulSet, that is taken back by hand': async (ground) => {
      const target = await ground.workload('StatefulSet');
      return {
        target,
        parameters: { env_name: 'RUST_LOG', log_level: 'app=trace', auto_revert: false },
        see: async ({ undo }) => {
          expect(await environmentOf(ground, target)).toEqual([{ name: 'RUST_LOG', value: 'app=trace' }]);
          expect(undo).toMatchObject({ available: true, scheduled_at: null });
        },
      };
    },
    'a DaemonSet with two containers, the one that is named': async (ground) => {
      const containers = [app, { name: 'side', image: 'registry.example/app:1' }];
      const target = await ground.workload('DaemonSet', { containers });
      return {
        target,
        parameters: { container_name: 'side' },
        see: async () => {
          expect(await environmentOf(ground, target, 'side')).toEqual([{ name: 'LOG_LEVEL', value: 'debug' }]);
          expect(await environmentOf(ground, target, 'app')).toEqual([]);
        },
      };
    },
    'an ephemeral container in a pod': async (ground) => {
      const target = await ground.barePod();
      return {
        target,
        parameters: { image: 'registry.example/tools:1' },
        meanwhile: (signal) => startEphemeral(ground, target, signal),
        undoReason: /ephemeral container can't be taken out/,
        see: async ({ result, warnings }) => {
          const { spec } = await ground.read(target);
          expect(spec).toMatchObject({
            ephemeralContainers: [{ name: 'debug-1', image: 'registry.example/tools:1', targetContainerName: 'app' }],
          });
          expect(result).toEqual({ container: 'debug-1' });
          expect(warnings.join()).toMatch(/not undone by itself after 30m: an ephemeral container/);
        },
      };
    },
  },
  refusals: {
    'more than one container': async (ground) => ({
      target: await ground.workload('Deployment', { containers: [app, { ...app, name: 'side' }] }),
      parameters: {},
      code: 'precondition_failed',
      detail: /more than one container: app, side/,
    }),
    'a container that is not there': async (ground) => ({
      target: await ground.workload('Deployment'),
      parameters: { container_name: 'none' },
      code: 'precondition_failed',
      detail: /has no container none; it has app/,
    }),
    'a paused Deployment': async (ground) => ({
      target: await ground.workload('Deployment', { spec: { paused: true }, ready: false }),
      parameters: {},
      code: 'precondition_failed',
      detail: /is paused/,
    }),
    'a pod without a workload and without an image': async (ground) => ({
      target: await ground.barePod(),
      parameters: {},
      code: 'precondition_failed',
      detail: /belongs to no Deployment/,
    }),
    'an image for a workload': async (ground) => ({
      target: await ground.workload('Deployment'),
      parameters: { image: 'registry.example/tools:1' },
      code: 'validation_failed',
      detail: /image is for a Pod/,
    }),
    'a name that is no variable': async (ground) => ({
      target: await ground.workload('Deployment'),
      parameters: { env_name: 'LOG-LEVEL' },
      code: 'validation_failed',
      detail: /name of an environment variable/,
    }),
  },
  unusedPermissions: {
    'get pods/ephemeralcontainers.': 'read only where the answer to the write was lost',
    'get replicasets.apps': 'for a Pod that stands for its Deployment, whose rollout takes it away',
  },
};

const app = { name: 'app', image: 'registry.example/app:1' };

async function environmentOf(ground: Ground, workload: ObjectReference, container = 'app'): Promise<unknown> {
  const { spec } = (await ground.read(workload)) as unknown as {
    spec: { template: { spec: { containers: { name: string; env?: unknown[] }[] } } };
  };
  return spec.template.spec.containers.find(({ name }) => name === container)?.env ?? [];
}

/** The kubelet's part, which the nodes of a real test cluster don't play. */
async function startEphemeral(ground: Ground, pod: ObjectReference, signal: AbortSignal): Promise<void> {
  if (!onRealCluster) return;
  while (!signal.aborted) {
    const { spec } = await ground.cluster.get(pod);
    const { ephemeralContainers = [] } = spec as { ephemeralContainers?: { name: string; image: string }[] };
    if (ephemeralContainers.length > 0) {
      const state = { running: { startedAt: `${new Date().toISOString().slice(0, 19)}Z` } };
      const statuses = ephemeralContainers.map(({ name, image }) => ({
        name,
        image,
        imageID: image,
        ready: false,
        restartCount: 0,
        state,
      }));
      await ground.patch(pod, { status: { ephemeralContainerStatuses: statuses } }, 'status');
      return;
    }
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}
