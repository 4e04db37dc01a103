import { expect } from 'vitest';
import type { ObjectReference } from '../../src/kubernetes/object.ts';
import { openContainer } from './exec-ground.ts';
import type { Ground } from './ground.ts';
import type { Refused, Scenarios } from './scenario.ts';

export const scenarios: Scenarios = {
  effects: {
    'finished pods and Jobs of a namespace, those that are old': async (ground) => {
      const old = await finishedPod(ground, { days: 10 });
      const failed = await finishedPod(ground, { days: 8, phase: 'Failed' });
      const young = await finishedPod(ground, { days: 1 });
      const oldJob = await finishedJob(ground, { days: 9 });
      const itsPod = await finishedPod(ground, { days: 9, owner: oldJob });
      const ofCronJob = await finishedJob(ground, { days: 9, type: 'Failed', ofCronJob: true });
      const youngJob = await finishedJob(ground, { days: 1 });
      const itsOldTry = await finishedPod(ground, { days: 9, phase: 'Failed', owner: youngJob });
      return {
        target: { apiVersion: 'v1', kind: 'Namespace', name: ground.namespace },
        parameters: { age_threshold: '7d' },
        touches: [old, oldJob],
        see: async ({ result, changes }) => {
          expect(changes).toHaveLength(4);
          expect(result).toMatchObject({ pods: 2, jobs: 2, left: 0, bytes_freed: expect.any(Number) });
          for (const gone of [old, failed, oldJob, ofCronJob]) await absent(ground, gone);
          for (const stays of [young, youngJob, itsOldTry]) await ground.read(stays);
          await expect.poll(() => isThere(ground, itsPod), { timeout: 10_000 }).toBe(false);
          for (const over of [young, youngJob]) await ground.cluster.delete(over);
        },
      };
    },
    'old files in a pod, on the same filesystem, no folders, through no link': async (ground) => {
      const container = await openContainer(ground);
      const { folder } = container;
      await container.run('mkdir', '-p', `${folder}/logs/deep`, `${folder}/kept`);
      await container.file(`${folder}/logs/old.log`, { bytes: 1000, days: 10 });
      await container.file(`${folder}/logs/deep/old; rm -rf $HOME\n.log`, { bytes: 234, days: 8 });
      await container.file(`${folder}/logs/young.log`, { bytes: 50, days: 1 });
      await container.file(`${folder}/kept/old.log`, { bytes: 60, days: 10 });
      await container.run('ln', '-s', `${folder}/kept`, `${folder}/logs/link`);
      await container.run('ln', '-s', `${folder}/logs`, `${folder}/way`);
      return {
        target: container.pod,
        parameters: { path: `${folder}/way/`, age_threshold: '7d' },
        notVerified: true,
        see: async ({ result }) => {
          expect(result.deleted).toEqual({ path: `${folder}/logs`, files: 2, bytes_freed: 1234 });
          expect(await container.paths()).toEqual(
            ['', '/kept', '/kept/old.log', '/logs', '/logs/deep', '/logs/link', '/logs/young.log', '/way'].map(
              (path) => folder + path,
            ),
          );
        },
      };
    },
  },
  refusals: {
    'a path outside the list': (ground) => pathRefused(ground, '/etc', 'policy_denied', /\/etc is outside.*\/var\/log/),
    'a path that only begins like one': (ground) => pathRefused(ground, '/var/logs', 'policy_denied', /is outside/),
    'a path with ..': (ground) => pathRefused(ground, '/var/log/../lib', 'validation_failed', /must not contain \./),
    'a relative path': (ground) => pathRefused(ground, 'var/log', 'validation_failed', /absolute path/),
    'a path for a shell': (ground) => pathRefused(ground, '/var/log;reboot', 'validation_failed', /absolute path/),
    'a Pod without a path': (ground) => pathRefused(ground, undefined, 'validation_failed', /only.*under a path/),
    'a namespace with a path': async (ground) => ({
      target: { apiVersion: 'v1', kind: 'Namespace', name: ground.namespace },
      parameters: { path: '/var/log' },
      code: 'validation_failed',
      detail: /A path is for a Pod/,
    }),
    'a symbolic link out of the list': async (ground) => {
      const container = await openContainer(ground);
      await container.run('ln', '-s', '/etc', `${container.folder}/link`);
      const parameters = { path: `${container.folder}/link/ssl` };
      return {
        target: container.pod,
        parameters,
        code: 'policy_denied',
        detail: /leads to \/etc\/ssl/,
        whileRunning: true,
      };
    },
    'a folder that is not there': async (ground) => {
      const { pod: target, folder } = await openContainer(ground);
      const parameters = { path: `${folder}/none` };
      return { target, parameters, code: 'command_failed', detail: /find ended.*No such file/s, whileRunning: true };
    },
    'more than one container': async (ground) => ({
      target: await ground.barePod({ spec: { containers: ['app', 'side'].map(container) } }),
      parameters: { path: '/var/log' },
      code: 'precondition_failed',
      detail: /more than one container: app, side/,
    }),
    'a container that is not there': async (ground) => ({
      target: await ground.barePod(),
      parameters: { path: '/var/log', container_name: 'none' },
      code: 'precondition_failed',
      detail: /has no container none; it has app/,
    }),
    'a pod that has finished': async (ground) => ({
      target: await finishedPod(ground, { days: 0 }),
      parameters: { path: '/var/log' },
      code: 'precondition_failed',
      detail: /has finished \(Succeeded\)/,
    }),
  },
  unusedPermissions: {
    'watch pods.': 'a pod without a node is gone at once; one that a kubelet has to let go is waited for',
    'watch jobs.batch': 'a Job goes at once, unless a finalizer holds it',
    'create pods/exec.': 'the API server asks for it where a WebSocket is opened, and logs the get alone',
  },
};

function container(name: string): Record<string, unknown> {
  return { name, image: 'registry.example/app:1' };
}

async function pathRefused(ground: Ground, path: string | undefined, code: string, detail: RegExp): Promise<Refused> {
  return { target: await ground.barePod(), parameters: path === undefined ? {} : { path }, code, detail };
}

function ago(days: number): string {
  return `${new Date(Date.now() - days * 86_400_000).toISOString().slice(0, 19)}Z`;
}

/** A pod that ended so long ago, as its kubelet would have reported it. No node ever takes it up. */
async function finishedPod(
  ground: Ground,
  { days, phase = 'Succeeded', owner }: { days: number; phase?: string; owner?: ObjectReference },
): Promise<ObjectReference> {
  const name = ground.name('finished');
  const { uid = '' } = owner ? (await ground.cluster.get(owner)).metadata : {};
  const ownerReferences = owner
    ? [{ apiVersion: owner.apiVersion, kind: owner.kind, name: owner.name, uid, controller: true }]
    : [];
  await ground.create({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace: ground.namespace, ownerReferences },
    spec: { nodeSelector: { 'test/no-such': 'node' }, restartPolicy: 'Never', containers: [container('app')] },
  });
  const reference = { apiVersion: 'v1', kind: 'Pod', namespace: ground.namespace, name };
  const terminated = { exitCode: phase === 'Failed' ? 1 : 0, startedAt: ago(days), finishedAt: ago(days) };
  const status = {
    phase,
    containerStatuses: [
      { name: 'app', image: 'x', imageID: 'x', ready: false, restartCount: 0, state: { terminated } },
    ],
  };
  await ground.patch(reference, { status }, 'status');
  return reference;
}

/** A Job that another controller manages, which has reported its end. */
async function finishedJob(
  ground: Ground,
  { days, type = 'Complete', ofCronJob = false }: { days: number; type?: 'Complete' | 'Failed'; ofCronJob?: boolean },
): Promise<ObjectReference> {
  const { namespace } = ground;
  const name = ground.name('job');
  const ownerReferences = ofCronJob
    ? [{ apiVersion: 'batch/v1', kind: 'CronJob', ...(await cronJob(ground)), controller: true }]
    : [];
  await ground.create({
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: { name, namespace, ownerReferences },
    spec: {
      managedBy: 'test.example/controller',
      template: { spec: { restartPolicy: 'Never', containers: [container('app')] } },
    },
  });
  const reference = { apiVersion: 'batch/v1', kind: 'Job', namespace, name };
  const before = type === 'Complete' ? 'SuccessCriteriaMet' : 'FailureTarget';
  const status = {
    startTime: ago(days),
    ...(type === 'Complete' ? { completionTime: ago(days), succeeded: 1 } : { failed: 1 }),
    conditions: [before, type].map((each) => ({ type: each, status: 'True', lastTransitionTime: ago(days) })),
  };
  await ground.patch(reference, { status }, 'status');
  return reference;
}

async function cronJob(ground: Ground): Promise<{ name: string; uid: string }> {
  const { metadata } = await ground.create({
    apiVersion: 'batch/v1',
    kind: 'CronJob',
    metadata: { name: ground.name('nightly'), namespace: ground.namespace },
    spec: {
      schedule: '0 0 31 2 *',
      suspend: true,
      jobTemplate: {
        spec: { template: { spec: { restartPolicy: 'Never', containers: [container('app')] } } },
      },
    },
  });
  return { name: metadata.name, uid: metadata.uid ?? '' };
}

async function absent(ground: Ground, reference: ObjectReference): Promise<void> {
  expect(await isThere(ground, reference), reference.name).toBe(false);
}

async function isThere(ground: Ground, reference: ObjectReference): Promise<boolean> {
  return await ground.cluster.get(reference).then(
    () => true,
    () => false,
  );
}
