import { expect } from 'vitest';
import type { ObjectReference } from '../../src/kubernetes/object.ts';
import { eventually } from '../support/cluster.ts';
import type { Ground } from './ground.ts';
import type { Answered, Effect, Refused, Scenarios } from './scenario.ts';

const actionLabel = 'executor.kubernaut.io/action';
const resourceLabel = 'executor.kubernaut.io/resource';

export interface CronJobShape {
  resource?: string;
  suspend?: boolean;
  podAnnotations?: Record<string, string>;
}

/** The team's own CronJob for the action, in the ground's namespace. Scenarios that list CronJobs label them for a resource. */
export async function cronJob(
  ground: Ground,
  action: string,
  { resource, suspend = true, podAnnotations = {} }: CronJobShape = {},
): Promise<string> {
  const name = ground.name('maintain');
  await ground.create({
    apiVersion: 'batch/v1',
    kind: 'CronJob',
    metadata: {
      name,
      namespace: ground.namespace,
      labels: { [actionLabel]: action, ...(resource ? { [resourceLabel]: resource } : {}) },
    },
    spec: {
      suspend,
      schedule: '0 0 1 1 *',
      jobTemplate: {
        metadata: { labels: { team: 'database' }, annotations: { note: 'by the team' } },
        spec: {
          backoffLimit: 0,
          template: {
            metadata: { annotations: podAnnotations },
            spec: {
              restartPolicy: 'Never',
              containers: [
                {
                  name: 'maintain',
                  image: 'registry.example/maintenance:1',
                  env: [
                    { name: 'EXECUTOR_FORCE', value: 'of the template' },
                    { name: 'OWN', value: 'kept' },
                  ],
                },
              ],
            },
          },
        },
      },
    },
  });
  return name;
}

export function labelOf({ kind, name }: ObjectReference): string {
  return `${kind.toLowerCase()}.${name}`;
}

export async function pendingClaim(ground: Ground): Promise<ObjectReference> {
  const name = ground.name('data');
  await ground.create({
    apiVersion: 'v1',
    kind: 'PersistentVolumeClaim',
    metadata: { name, namespace: ground.namespace },
    // Of a class of its own: it would take the volume that another test has made for another claim.
    spec: { accessModes: ['ReadWriteOnce'], storageClassName: name, resources: { requests: { storage: '1Gi' } } },
  });
  return { apiVersion: 'v1', kind: 'PersistentVolumeClaim', namespace: ground.namespace, name };
}

/** The Job that the run has made, with what was asked for in the environment of its container. */
async function seeJob(ground: Ground, answer: Answered, environment: Record<string, string>): Promise<void> {
  const [made] = answer.changes;
  const job = await ground.read({
    apiVersion: 'batch/v1',
    kind: 'Job',
    namespace: ground.namespace,
    name: made.target.name,
  });
  expect(job).toMatchObject({
    metadata: {
      labels: { team: 'database', [actionLabel]: answer.action },
      annotations: { note: 'by the team', 'cronjob.kubernetes.io/instantiate': 'manual' },
      ownerReferences: [{ kind: 'CronJob', controller: true }],
    },
    status: { succeeded: 1 },
  });
  const { spec } = job as unknown as {
    spec: { template: { spec: { containers: { env: { name: string; value: string }[] }[] } } };
  };
  const env = Object.fromEntries((spec.template.spec.containers[0]?.env ?? []).map(({ name, value }) => [name, value]));
  expect(env).toEqual({
    OWN: 'kept',
    EXECUTOR_ACTION: answer.action,
    EXECUTOR_ACTION_ID: answer.action_id,
    EXECUTOR_TARGET_KIND: answer.target.kind,
    EXECUTOR_TARGET_NAME: answer.target.name,
    ...environment,
  });
  expect(answer.result).toMatchObject({
    job: `Job ${ground.namespace}/${made.target.name}`,
    log: [{ container: 'maintain' }],
  });
  expect(answer.result.log[0]).toHaveProperty('text');
}

/** What the three actions share: every way to find the job, and every reason not to run one. */
export function maintenanceScenarios(
  action: string,
  {
    parameters = {},
    environment = {},
  }: { parameters?: Record<string, unknown>; environment?: Record<string, string> } = {},
): Scenarios {
  const all = { EXECUTOR_FORCE: 'false', ...environment };
  const ran = async (ground: Ground, target: ObjectReference, more: Record<string, unknown> = {}): Promise<Effect> => ({
    target,
    parameters: { ...parameters, ...more },
    see: (answer) => seeJob(ground, answer, { ...all, ...(more['force'] ? { EXECUTOR_FORCE: 'true' } : {}) }),
  });
  const refused = (target: ObjectReference, detail: RegExp, more: Partial<Refused> = {}): Refused => ({
    target,
    parameters,
    code: 'precondition_failed',
    detail,
    ...more,
  });
  const labelled = async (ground: Ground, shape: CronJobShape = {}) => {
    const target = await ground.workload('StatefulSet');
    return { target, name: await cronJob(ground, action, { resource: labelOf(target), ...shape }) };
  };
  return {
    effects: {
      'the job of this very workload': async (ground) => {
        const { target } = await labelled(ground);
        return await ran(ground, target);
      },
      'the job that is named, of two, with force': async (ground) => {
        const { target, name } = await labelled(ground);
        await cronJob(ground, action, { resource: labelOf(target) });
        return await ran(ground, target, { job: name, force: true });
      },
      'a claim': async (ground) => {
        const target = await pendingClaim(ground);
        await cronJob(ground, action, { resource: labelOf(target) });
        return await ran(ground, target);
      },
    },
    refusals: {
      'nothing that does it, with the manifest to create': async (ground) =>
        refused(await ground.workload('StatefulSet'), /no CronJob has the label/, { code: 'not_supported' }),
      'several that fit': async (ground) => {
        const { target } = await labelled(ground);
        await cronJob(ground, action, { resource: labelOf(target) });
        return refused(target, /2 CronJobs do .* maintain-\w+, maintain-\w+/);
      },
      'a job that does not do it': async (ground) =>
        refused((await labelled(ground)).target, /There is no CronJob .*\/other with the label/, {
          parameters: { ...parameters, job: 'other' },
        }),
      'a job that is for another resource': async (ground) => {
        const { name } = await labelled(ground);
        return refused(await ground.workload('StatefulSet'), /is for statefulset\..*, not for statefulset\./, {
          parameters: { ...parameters, job: name },
        });
      },
      'a CronJob that is not suspended': async (ground) =>
        refused((await labelled(ground, { suspend: false })).target, /is not suspended/),
      'a Job of it that has not ended': async (ground) => {
        const { target, name } = await labelled(ground);
        const { metadata } = await ground.cluster.get({
          apiVersion: 'batch/v1',
          kind: 'CronJob',
          namespace: ground.namespace,
          name,
        });
        await ground.create({
          apiVersion: 'batch/v1',
          kind: 'Job',
          metadata: {
            name: ground.name('hanging'),
            namespace: ground.namespace,
            labels: { [actionLabel]: action },
            ownerReferences: [
              { apiVersion: 'batch/v1', kind: 'CronJob', name, uid: metadata.uid ?? '', controller: true },
            ],
          },
          spec: {
            suspend: true,
            template: {
              spec: { restartPolicy: 'Never', containers: [{ name: 'app', image: 'registry.example/app:1' }] },
            },
          },
        });
        return refused(target, /hanging-.* has not ended yet/);
      },
      'a target that is being deleted': async (ground) => {
        const target = await pendingClaim(ground);
        await ground.patch(target, { metadata: { finalizers: ['test.example/held'] } });
        await ground.cluster.delete(target);
        await eventually(async () =>
          expect((await ground.cluster.get(target)).metadata.deletionTimestamp).toBeDefined(),
        );
        return refused(target, /is being deleted since/);
      },
    },
    unusedPermissions: { 'get jobs.batch': 'Whether the Job is there, where the answer to its creation was lost' },
  };
}
