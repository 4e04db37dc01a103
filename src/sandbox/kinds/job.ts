import { as, at, child, isRecord, same } from '../resource.ts';
import { selects } from '../selectors/label-selector.ts';
import type { Resource } from '../resource.ts';
import type { Faults } from '../validation/faults.ts';
import { validatePodSpec } from '../validation/pod-spec.ts';
import { notNegative, validateLabelSelector } from '../validation/workload.ts';
import { age, nameColumn, since, wideSelector, wideTemplate } from './columns.ts';
import type { Kind } from './kind.ts';
import { defaultPodSpec } from './pod-defaults.ts';

const CONTROLLER_UID = 'batch.kubernetes.io/controller-uid';

/** Run by the Job controller; completion by index is stored, and run as if it were by count. */
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
    // A Job that says how many run side by side, and not how many have to succeed, is a queue of work.
    if (spec.parallelism === undefined) spec.completions ??= 1;
    spec.parallelism ??= 1;
    spec.backoffLimit ??= 6;
    spec.completionMode ??= 'NonIndexed';
    spec.suspend ??= false;
    spec.manualSelector ??= false;
    spec.podReplacementPolicy ??= 'TerminatingOrFailed';
    const template = child(spec, 'template');
    child(template, 'metadata');
    defaultPodSpec(child(template, 'spec'));
  },
  admit(draft) {
    const spec = child(draft, 'spec');
    const metadata = child(child(spec, 'template'), 'metadata');
    if (spec.manualSelector !== true) selectByUid(draft, spec, metadata);
    if (Object.keys(draft.metadata.labels ?? {}).length === 0 && isRecord(metadata.labels))
      draft.metadata.labels = as<Record<string, string>>({ ...metadata.labels });
  },
  initialStatus: () => ({}),
  validate(draft, faults, old) {
    const spec = isRecord(draft.spec) ? draft.spec : {};
    validateSelector(draft, spec, faults);
    validateJobSpec(spec, 'spec', faults);
    for (const name of old ? ['completions', 'selector', 'template', 'completionMode'] : [])
      if (!same(spec[name], at(old, 'spec', name))) faults.invalid(`spec.${name}`, spec[name], 'field is immutable');
  },
  columns: [
    nameColumn,
    { name: 'Status', cell: jobStatus },
    {
      name: 'Completions',
      cell: (object) =>
        `${Number(at(object, 'status', 'succeeded') ?? 0)}/${Number(at(object, 'spec', 'completions') ?? 1)}`,
    },
    { name: 'Duration', cell: duration },
    age,
    ...wideTemplate,
    wideSelector,
  ],
};

/** Also for the template of a CronJob. */
export function validateJobSpec(spec: Record<string, unknown>, path: string, faults: Faults): void {
  for (const name of ['parallelism', 'completions', 'activeDeadlineSeconds', 'backoffLimit', 'ttlSecondsAfterFinished'])
    notNegative(spec[name], `${path}.${name}`, faults);
  const podSpec = at(spec, 'template', 'spec');
  if (!isRecord(podSpec)) return;
  validatePodSpec(podSpec, `${path}.template.spec`, faults);
  // What was not said has become Always.
  if (podSpec.restartPolicy === 'Always')
    faults.required(`${path}.template.spec.restartPolicy`, 'valid values: "OnFailure", "Never"');
}

/** A Job knows its pods by its own UID. */
function selectByUid(draft: Resource, spec: Record<string, unknown>, metadata: Record<string, unknown>): void {
  const uid = draft.metadata.uid ?? '';
  const own = {
    [CONTROLLER_UID]: uid,
    'batch.kubernetes.io/job-name': draft.metadata.name,
    'controller-uid': uid,
    'job-name': draft.metadata.name,
  };
  metadata.labels = { ...(isRecord(metadata.labels) ? metadata.labels : {}), ...own };
  child(child(spec, 'selector'), 'matchLabels')[CONTROLLER_UID] = uid;
}

function validateSelector(draft: Resource, spec: Record<string, unknown>, faults: Faults): void {
  const labels = as<Record<string, string> | undefined>(at(spec, 'template', 'metadata', 'labels'));
  if (!isRecord(spec.selector)) faults.required('spec.selector');
  else validateLabelSelector(spec.selector, 'spec.selector', faults);
  const own = { matchLabels: { [CONTROLLER_UID]: draft.metadata.uid } };
  if (spec.manualSelector !== true && !same(spec.selector, own))
    faults.invalid('spec.selector', spec.selector, '`selector` not auto-generated');
  if (!selects(as(spec.selector), labels))
    faults.invalid('spec.template.metadata.labels', labels, '`selector` does not match template `labels`');
}

function jobStatus(object: Resource): string {
  const conditions = at(object, 'status', 'conditions');
  const holds = (type: string): boolean =>
    Array.isArray(conditions) &&
    conditions.some((condition) => at(condition, 'type') === type && at(condition, 'status') === 'True');
  if (holds('Complete')) return 'Complete';
  if (holds('Failed')) return 'Failed';
  if (object.metadata.deletionTimestamp) return 'Terminating';
  if (holds('Suspended')) return 'Suspended';
  if (holds('FailureTarget')) return 'FailureTarget';
  return holds('SuccessCriteriaMet') ? 'SuccessCriteriaMet' : 'Running';
}

function duration(object: Resource, now: Date): string {
  const [started, completed] = ['startTime', 'completionTime'].map((name) => at(object, 'status', name));
  if (!started) return '';
  return since(started, typeof completed === 'string' ? new Date(completed) : now);
}
