import { at, child, isRecord, records } from '../resource.ts';
import { validatePodSpec } from '../validation/pod-spec.ts';
import { age, field, nameColumn, since, wideSelector, wideTemplate } from './columns.ts';
import type { Kind } from './kind.ts';
import { defaultPodSpec } from './pod-defaults.ts';

/** Stored only: no controller of the sandbox runs Jobs. */
export const jobs: Kind = {
  group: 'batch',
  version: 'v1',
  kind: 'Job',
  plural: 'jobs',
  namespaced: true,
  categories: ['all'],
  type: 'io.k8s.api.batch.v1.Job',
  hasStatus: true,
  hasGeneration: true,
  fields: { 'status.successful': (object) => String(at(object, 'status', 'succeeded') ?? 0) },
  ownFieldRefusal: true,
  defaults(draft) {
    const spec = child(draft, 'spec');
    spec.completions ??= 1;
    spec.parallelism ??= 1;
    spec.backoffLimit ??= 6;
    spec.completionMode ??= 'NonIndexed';
    spec.suspend ??= false;
    spec.podReplacementPolicy ??= 'TerminatingOrFailed';
    const template = child(spec, 'template');
    child(template, 'metadata');
    defaultPodSpec(child(template, 'spec'));
  },
  admit(draft) {
    const uid = draft.metadata.uid ?? '';
    const spec = child(draft, 'spec');
    const own = {
      'batch.kubernetes.io/controller-uid': uid,
      'batch.kubernetes.io/job-name': draft.metadata.name,
      'controller-uid': uid,
      'job-name': draft.metadata.name,
    };
    const metadata = child(child(spec, 'template'), 'metadata');
    metadata.labels = { ...(isRecord(metadata.labels) ? metadata.labels : {}), ...own };
    spec.selector ??= { matchLabels: { 'batch.kubernetes.io/controller-uid': uid } };
  },
  initialStatus: () => ({}),
  validate(draft, faults) {
    const spec = at(draft, 'spec', 'template', 'spec');
    if (!isRecord(spec)) return;
    validatePodSpec(spec, 'spec.template.spec', faults);
    if (spec.restartPolicy === 'Always')
      faults.unsupported('spec.template.spec.restartPolicy', 'Always', ['OnFailure', 'Never']);
  },
  columns: [
    nameColumn,
    { name: 'Status', cell: (object) => jobStatus(object) },
    {
      name: 'Completions',
      cell: (object) =>
        `${Number(at(object, 'status', 'succeeded') ?? 0)}/${Number(at(object, 'spec', 'completions') ?? 1)}`,
    },
    {
      name: 'Duration',
      cell: (object, now) => (at(object, 'status', 'startTime') ? since(at(object, 'status', 'startTime'), now) : ''),
    },
    age,
    ...wideTemplate,
    wideSelector,
  ],
};

/** Stored only, like Jobs. */
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
  validate(draft, faults) {
    if (!at(draft, 'spec', 'schedule')) faults.required('spec.schedule');
    const spec = at(draft, 'spec', 'jobTemplate', 'spec', 'template', 'spec');
    if (isRecord(spec)) validatePodSpec(spec, 'spec.jobTemplate.spec.template.spec', faults);
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

function jobStatus(object: unknown): string {
  const done = records(at(object, 'status', 'conditions')).find((condition) => condition.status === 'True');
  if (done) return String(done.type);
  return at(object, 'spec', 'suspend') === true ? 'Suspended' : 'Running';
}
