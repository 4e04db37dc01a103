import { isKubernetesError, KubernetesError } from '../kubernetes/errors.ts';
import type { Json, KubernetesObject, ObjectReference } from '../kubernetes/object.ts';
import { permissionFor } from '../kubernetes/permission.ts';
import { describeReference } from '../kubernetes/describe-reference.ts';
import { valueAt } from '../kubernetes/value-at.ts';
import type { ChangeKind } from './change.ts';

/**
 * Runs a CronJob's Job now, as `kubectl create job --from` does, with variables in the environment of its containers. The
 * Job is made of the template when the change is sent, so that a plan holds nothing of what stands there; its name is the
 * plan's, so that a second sending finds the first.
 */
export interface RunJobChange {
  kind: 'run_job';
  cronJob: ObjectReference;
  /** Of the CronJob's spec, as it was planned with. */
  generation?: number;
  job: ObjectReference;
  labels: Record<string, string>;
  environment: Record<string, string>;
}

export const runJobKind: ChangeKind<RunJobChange> = {
  describe: ({ cronJob, job }) => `Run ${describeReference(cronJob)} now, as ${describeReference(job)}`,

  permissions: ({ cronJob, job }) => [permissionFor(cronJob, ['get']), permissionFor(job, ['get', 'create'])],

  async send(change, { cluster, dryRun, signal, timeoutMs }) {
    const cronJob = await cluster.get(change.cronJob, { signal, timeoutMs });
    if (cronJob.metadata.generation !== change.generation) {
      throw new KubernetesError(
        'conflict',
        `${describeReference(change.cronJob)} was changed since it was planned with`,
      );
    }
    return { object: await cluster.create(jobFrom(cronJob, change), { dryRun, signal, timeoutMs }) };
  },

  async isDone({ job }, { cluster, signal, timeoutMs }) {
    try {
      await cluster.get(job, { signal, timeoutMs });
      return 'done';
    } catch (error) {
      if (isKubernetesError(error, 'notFound')) return 'not_done';
      throw error;
    }
  },

  values: ({ cronJob, environment }) => ({ after: { cron_job: describeReference(cronJob), environment } }),

  undo: () => undefined,

  target: ({ job }) => job,

  isNoOp: () => false,
};

/** The object that kubectl would create, and beside it the labels and variables of this run. */
function jobFrom(cronJob: KubernetesObject, { job, labels, environment }: RunJobChange): KubernetesObject {
  const { name, uid = '' } = cronJob.metadata;
  const template = objectAt(cronJob, ['spec', 'jobTemplate']);
  const metadata = objectAt(template, ['metadata']);
  return {
    apiVersion: job.apiVersion,
    kind: job.kind,
    metadata: {
      name: job.name,
      ...(job.namespace ? { namespace: job.namespace } : {}),
      labels: { ...textsAt(metadata, 'labels'), ...labels },
      annotations: { 'cronjob.kubernetes.io/instantiate': 'manual', ...textsAt(metadata, 'annotations') },
      ownerReferences: [{ apiVersion: cronJob.apiVersion, kind: cronJob.kind, name, uid, controller: true }],
    },
    spec: withEnvironment(objectAt(template, ['spec']), environment),
  };
}

type Fields = { [field: string]: Json };

/** Each container has the variables, in the place of its own of that name. */
function withEnvironment(spec: Fields, environment: Record<string, string>): Fields {
  const added = Object.entries(environment).map(([name, value]) => ({ name, value }));
  const supplied = (container: Json): Json => {
    const own = valueAt(container, ['env']);
    const kept = Array.isArray(own) ? own.filter((entry) => !isNamedIn(environment, entry)) : [];
    return { ...objectAt(container, []), env: [...kept, ...added] };
  };
  const template = objectAt(spec, ['template']);
  const podSpec = objectAt(template, ['spec']);
  const containers = Object.fromEntries(
    ['initContainers', 'containers'].flatMap((key) => {
      const list = podSpec[key];
      return Array.isArray(list) ? [[key, list.map(supplied)]] : [];
    }),
  );
  return { ...spec, template: { ...template, spec: { ...podSpec, ...containers } } };
}

function isNamedIn(environment: Record<string, string>, entry: Json): boolean {
  const name = valueAt(entry, ['name']);
  return typeof name === 'string' && Object.hasOwn(environment, name);
}

function objectAt(value: unknown, path: readonly string[]): Fields {
  const found = valueAt(value, path);
  return typeof found === 'object' && found !== null && !Array.isArray(found) ? found : {};
}

function textsAt(value: Fields, key: string): Record<string, string> {
  return Object.fromEntries(
    Object.entries(objectAt(value, [key])).flatMap(([name, text]) => (typeof text === 'string' ? [[name, text]] : [])),
  );
}
