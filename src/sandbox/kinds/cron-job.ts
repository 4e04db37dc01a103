import { at, child, isRecord, records } from '../resource.ts';
import { notNegative } from '../validation/workload.ts';
import { scheduleFault } from '../validation/schedule.ts';
import { age, field, nameColumn, since, wideSelector, wideTemplate } from './columns.ts';
import { validateJobSpec } from './job.ts';
import type { Kind } from './kind.ts';
import { defaultPodSpec } from './pod-defaults.ts';

const NAME_LIMIT = 52;

/** Stored and validated; nothing is started by the clock. `kubectl create job --from` works. */
export const cronJobs: Kind = {
  group: 'batch',
  version: 'v1',
  kind: 'CronJob',
  plural: 'cronjobs',
  namespaced: true,
  shortNames: ['cj'],
  categories: ['all'],
  type: 'io.k8s.api.batch.v1.CronJob',
  hasStatus: true,
  hasGeneration: true,
  defaults(draft) {
    const spec = child(draft, 'spec');
    spec.concurrencyPolicy ??= 'Allow';
    spec.suspend ??= false;
    spec.successfulJobsHistoryLimit ??= 3;
    spec.failedJobsHistoryLimit ??= 1;
    const job = child(child(spec, 'jobTemplate'), 'spec');
    child(child(spec, 'jobTemplate'), 'metadata');
    child(child(job, 'template'), 'metadata');
    defaultPodSpec(child(child(job, 'template'), 'spec'));
  },
  initialStatus: () => ({}),
  validate(draft, faults, old) {
    const spec = isRecord(draft.spec) ? draft.spec : {};
    if (!old && draft.metadata.name.length > NAME_LIMIT)
      faults.invalid('metadata.name', draft.metadata.name, `must be no more than ${NAME_LIMIT} characters`);
    const fault = scheduleFault(String(spec.schedule ?? ''));
    if (!spec.schedule) faults.required('spec.schedule');
    else if (fault) faults.invalid('spec.schedule', spec.schedule, fault);
    if (typeof spec.timeZone === 'string' && !isTimeZone(spec.timeZone))
      faults.invalid('spec.timeZone', spec.timeZone, `unknown time zone ${spec.timeZone}`);
    notNegative(spec.startingDeadlineSeconds, 'spec.startingDeadlineSeconds', faults);
    const policies = ['Allow', 'Forbid', 'Replace'];
    if (!policies.includes(String(spec.concurrencyPolicy)))
      faults.unsupported('spec.concurrencyPolicy', spec.concurrencyPolicy, policies);
    notNegative(spec.successfulJobsHistoryLimit, 'spec.successfulJobsHistoryLimit', faults);
    notNegative(spec.failedJobsHistoryLimit, 'spec.failedJobsHistoryLimit', faults);
    const job = at(spec, 'jobTemplate', 'spec');
    if (isRecord(job)) validateJobSpec(job, 'spec.jobTemplate.spec', faults);
  },
  columns: [
    nameColumn,
    field('Schedule', 'spec.schedule'),
    field('Timezone', 'spec.timeZone', '<none>'),
    { name: 'Suspend', type: 'boolean', cell: (object) => at(object, 'spec', 'suspend') === true },
    { name: 'Active', type: 'integer', cell: (object) => records(at(object, 'status', 'active')).length },
    {
      name: 'Last Schedule',
      cell: (object, now) =>
        at(object, 'status', 'lastScheduleTime') ? since(at(object, 'status', 'lastScheduleTime'), now) : '<none>',
    },
    age,
    ...wideTemplate,
    { ...wideSelector, cell: () => '<none>' },
  ],
};

function isTimeZone(name: string): boolean {
  try {
    return Boolean(new Intl.DateTimeFormat('en', { timeZone: name }));
  } catch {
    return false;
  }
}
