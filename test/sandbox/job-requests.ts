import type { Listed } from './requests.ts';
import { MERGE } from './servers.ts';

const jobs = '/apis/batch/v1/namespaces/NS/jobs';
const cronJobs = '/apis/batch/v1/namespaces/NS/cronjobs';
type Expected = Pick<Listed, 'status' | 'reason' | 'causes'>;
const invalid = (...causes: string[]): Expected => ({ status: 422, reason: 'Invalid', causes });
const merge = (path: string, body: unknown, expected: Expected): Listed => ({
  method: 'PATCH',
  path,
  contentType: MERGE,
  body,
  ...expected,
});
const post = (path: string, body: unknown, expected: Expected = { status: 201 }): Listed => ({
  method: 'POST',
  path,
  body,
  ...expected,
});
const spec = {
  restartPolicy: 'Never',
  nodeName: 'NODE',
  tolerations: [{ operator: 'Exists' }],
  containers: [{ name: 'c', image: 'i:1' }],
};
const job = (name: string, rest: object = {}): object => ({
  metadata: { name },
  spec: { template: { spec }, ...rest },
});
const cronJob = (rest: object, name = 'cron'): object => ({
  metadata: { name },
  spec: { schedule: '@daily', suspend: true, jobTemplate: { spec: { template: { spec } } }, ...rest },
});
const always = { template: { spec: { containers: spec.containers } } };

/** Jobs and CronJobs: defaults, what is refused, and the status of a Job that was suspended and of one that is done. */
export const jobRequests: Listed[] = [
  post(`${jobs}?dryRun=All`, job('x', { parallelism: 2 })),
  post(`${jobs}?dryRun=All`, job('x', { template: { metadata: { labels: { a: 'b' } }, spec } })),
  post(`${jobs}?dryRun=All`, job('x', always), invalid('spec.template.spec.restartPolicy: FieldValueRequired')),
  post(
    `${jobs}?dryRun=All`,
    job('x', {
      parallelism: -1,
      completions: -1,
      backoffLimit: -1,
      activeDeadlineSeconds: -1,
      ttlSecondsAfterFinished: -1,
    }),
    invalid(
      'spec.parallelism: FieldValueInvalid',
      'spec.completions: FieldValueInvalid',
      'spec.backoffLimit: FieldValueInvalid',
      'spec.activeDeadlineSeconds: FieldValueInvalid',
      'spec.ttlSecondsAfterFinished: FieldValueInvalid',
    ),
  ),
  post(
    `${jobs}?dryRun=All`,
    job('x', { selector: { matchLabels: { a: 'b' } } }),
    invalid('spec.selector: FieldValueInvalid', 'spec.template.metadata.labels: FieldValueInvalid'),
  ),
  post(jobs, job('held', { suspend: true })),
  post(jobs, job('done')),
  { method: 'GET', path: `${jobs}/held`, status: 200, afterMs: 4_000 },
  { method: 'GET', path: `${jobs}/done`, status: 200 },
  { method: 'GET', path: `${jobs}?fieldSelector=status.successful=1`, status: 200 },
  merge(`${jobs}/held`, { spec: { completions: 5 } }, invalid('spec.completions: FieldValueInvalid')),
  merge(`${jobs}/held`, { spec: { completionMode: 'Indexed' } }, invalid('spec.completionMode: FieldValueInvalid')),
  merge(
    `${jobs}/done`,
    { spec: { template: { spec: { nodeName: 'x' } } } },
    invalid('spec.template: FieldValueInvalid'),
  ),
  merge(`${jobs}/done`, { spec: { backoffLimit: 3 } }, { status: 200 }),
  merge(`${jobs}/held`, { spec: { suspend: false } }, { status: 200 }),
  { method: 'GET', path: `${jobs}/held`, status: 200, afterMs: 4_000 },
  post(`${cronJobs}?dryRun=All`, cronJob({})),
  post(
    `${cronJobs}?dryRun=All`,
    cronJob({ jobTemplate: { spec: always } }),
    invalid('spec.jobTemplate.spec.template.spec.restartPolicy: FieldValueRequired'),
  ),
  post(`${cronJobs}?dryRun=All`, cronJob({ schedule: '' }), invalid('spec.schedule: FieldValueRequired')),
  ...['nope', '61 * * * *', '5-1 * * * *', '* * 0 * *', '* * * foo *', '*/0 * * * *', '@nope', '1-2-3 * * * *'].map(
    (schedule) => post(`${cronJobs}?dryRun=All`, cronJob({ schedule }), invalid('spec.schedule: FieldValueInvalid')),
  ),
  ...['0 3 * * mon-fri', '*/5 0-6 1,15 jan ?', '@every 1h30m'].map((schedule) =>
    post(`${cronJobs}?dryRun=All`, cronJob({ schedule })),
  ),
  post(`${cronJobs}?dryRun=All`, cronJob({ timeZone: 'Nope/No' }), invalid('spec.timeZone: FieldValueInvalid')),
  post(
    `${cronJobs}?dryRun=All`,
    cronJob({ concurrencyPolicy: 'Nope', startingDeadlineSeconds: -1 }),
    invalid('spec.concurrencyPolicy: FieldValueNotSupported', 'spec.startingDeadlineSeconds: FieldValueInvalid'),
  ),
  post(`${cronJobs}?dryRun=All`, cronJob({}, 'x'.repeat(53)), invalid('metadata.name: FieldValueInvalid')),
];
