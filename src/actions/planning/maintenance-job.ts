import { createHash } from 'node:crypto';
import type { RunJobChange } from '../../changes/run-job.ts';
import { jobComplete } from '../../changes/job-complete.ts';
import { noUndo, type Plan, plan } from '../../changes/plan.ts';
import { describeReference } from '../../kubernetes/describe-reference.ts';
import { controllerOf, type KubernetesObject, referenceTo } from '../../kubernetes/object.ts';
import { holdsCondition } from '../../kubernetes/conditions.ts';
import { valueAt } from '../../kubernetes/value-at.ts';
import type { PlanContext } from '../define.ts';
import { preconditionFailed } from '../refusal.ts';
import { actionLabel, maintenanceCronJob } from './maintenance-cron-job.ts';

/** What a maintenance job asks of the API server, to plan it, to run it and to tell of it. */
export const maintenanceJobPermissions = [
  { apiGroups: ['batch'], resources: ['cronjobs'], verbs: ['get', 'list'] },
  { apiGroups: ['batch'], resources: ['jobs'], verbs: ['get', 'list', 'watch', 'create'] },
  { apiGroups: [''], resources: ['pods'], verbs: ['list'] },
  { apiGroups: [''], resources: ['pods/log'], verbs: ['get'] },
];

export const maintenanceJobRefusals = [
  'a namespace without a CronJob for the action (`not_supported`, with the manifest of one)',
  'several CronJobs that fit, unless `job` names one; a `job` that is not labelled for the action or is for another resource',
  'a CronJob that is not suspended, or whose Job of an earlier run has not ended',
  'a target that is being deleted',
];

export const jobIrreversible = 'what a job has done to data can not be taken back by this service';

export interface MaintenanceJob {
  action: string;
  job: string | undefined;
  /** Handed to the job; what is undefined was not given. */
  given: Record<string, string | boolean | undefined>;
}

/**
 * Runs the team's own CronJob for the action once: found by its label, as `kubectl create job --from` would, with what
 * was asked for in the environment. Its name comes from the execution's, so that a second sending finds the first.
 */
export async function maintenanceJob(
  { cluster, target, object, actionId }: Pick<PlanContext<unknown>, 'cluster' | 'target' | 'object' | 'actionId'>,
  { action, job, given }: MaintenanceJob,
): Promise<Plan> {
  if (object.metadata.deletionTimestamp) {
    throw preconditionFailed(
      `${describeReference(target)} is being deleted since ${object.metadata.deletionTimestamp}`,
    );
  }
  const cronJob = await maintenanceCronJob(cluster, { action, target, job });
  const named = describeReference(referenceTo(cronJob));
  if (valueAt(cronJob, ['spec', 'suspend']) !== true) {
    throw preconditionFailed(
      `${named} is not suspended: it runs by its schedule as well`,
      'Set spec.suspend to true; a CronJob for maintenance runs only when it is asked to',
    );
  }
  const namespace = target.namespace ?? '';
  const { items } = await cluster.list({
    apiVersion: 'batch/v1',
    kind: 'Job',
    namespace,
    labelSelector: `${actionLabel}=${action}`,
  });
  const running = items.find((other) => controllerOf(other)?.uid === cronJob.metadata.uid && !isOver(other));
  if (running) {
    throw preconditionFailed(
      `${describeReference(referenceTo(running))} of ${named} has not ended yet`,
      'Wait for it, or delete it if it hangs',
    );
  }
  const change: RunJobChange = {
    kind: 'run_job',
    cronJob: referenceTo(cronJob),
    ...(cronJob.metadata.generation === undefined ? {} : { generation: cronJob.metadata.generation }),
    job: { apiVersion: 'batch/v1', kind: 'Job', namespace, name: jobName(cronJob.metadata.name, actionId) },
    labels: { [actionLabel]: action },
    environment: environmentOf({ action, actionId, kind: target.kind, name: target.name, given }),
  };
  return plan({
    changes: [change],
    expect: [jobComplete(change.job)],
    undo: noUndo(jobIrreversible),
    holds: [target],
    reports: [{ kind: 'job_log', job: change.job }],
  });
}

function isOver(job: KubernetesObject): boolean {
  return holdsCondition(job, 'Complete') || holdsCondition(job, 'Failed');
}

const longestPrefix = 50;

/** At most 63 characters, as its pods' label needs. */
function jobName(cronJob: string, actionId: string): string {
  const own = createHash('sha256').update(actionId).digest('hex').slice(0, 12);
  return `${cronJob.slice(0, longestPrefix).replace(/[^a-z0-9]+$/, '')}-${own}`;
}

/** `EXECUTOR_` before each, so that no variable of the job's own is meant; a `$(...)` is no reference there. */
function environmentOf(about: {
  action: string;
  actionId: string;
  kind: string;
  name: string;
  given: MaintenanceJob['given'];
}): Record<string, string> {
  const { action, actionId, kind, name, given } = about;
  const all = { action, action_id: actionId, target_kind: kind, target_name: name, ...given };
  return Object.fromEntries(
    Object.entries(all).flatMap(([key, value]) =>
      value === undefined ? [] : [[`EXECUTOR_${key.toUpperCase()}`, String(value).replaceAll('$(', '$$$$(')]],
    ),
  );
}
