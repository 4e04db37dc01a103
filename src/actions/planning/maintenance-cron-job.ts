import { describeReference } from '../../kubernetes/describe-reference.ts';
import type { KubernetesObject, ObjectReference } from '../../kubernetes/object.ts';
import type { ClusterReader } from '../../kubernetes/reader.ts';
import { preconditionFailed, Refusal } from '../refusal.ts';

/** On a CronJob: which action it does. */
export const actionLabel = 'executor.kubernaut.io/action';
/** On it too, where it is for one resource alone: `<kind>.<name>`, the kind in small letters. */
const resourceLabel = 'executor.kubernaut.io/resource';
const longestLabel = 63;

/**
 * The team's own CronJob for the action in the target's namespace: the one for this resource, else the one for any; the
 * one that `job` names where it is given. Throws the refusal that says what there is, or how to make one.
 */
export async function maintenanceCronJob(
  cluster: ClusterReader,
  { action, target, job }: { action: string; target: ObjectReference; job: string | undefined },
): Promise<KubernetesObject> {
  const { namespace = '' } = target;
  const { items } = await cluster.list({
    apiVersion: 'batch/v1',
    kind: 'CronJob',
    namespace,
    labelSelector: `${actionLabel}=${action}`,
  });
  const own = resourceOf(target);
  const specific = items.filter((item) => resourceText(item)?.toLowerCase() === own.toLowerCase());
  const general = items.filter((item) => resourceText(item) === undefined);
  if (job !== undefined) {
    const chosen = [...specific, ...general].find(({ metadata }) => metadata.name === job);
    if (chosen) return chosen;
    const other = items.find(({ metadata }) => metadata.name === job);
    throw preconditionFailed(
      other
        ? `CronJob ${namespace}/${job} is for ${resourceText(other)}, not for ${own}`
        : `There is no CronJob ${namespace}/${job} with the label ${actionLabel}: ${action}`,
      items.length > 0 ? `There ${listed(items)}` : manifest({ action, target }),
    );
  }
  const fitting = specific.length > 0 ? specific : general;
  const [first, ...rest] = fitting;
  if (!first) {
    throw new Refusal(
      'not_supported',
      `Nothing in ${namespace} does ${action} for ${describeReference(target)}: no CronJob has the label ${actionLabel}: ${action}`,
      { hint: manifest({ action, target }) },
    );
  }
  if (rest.length > 0) {
    throw preconditionFailed(
      `${fitting.length} CronJobs do ${action} for ${describeReference(target)}: ${fitting.map(({ metadata }) => metadata.name).join(', ')}`,
      'Name one with the parameter job, or label them for one resource each',
    );
  }
  return first;
}

function resourceText({ metadata }: KubernetesObject): string | undefined {
  return metadata.labels?.[resourceLabel];
}

function resourceOf({ kind, name }: ObjectReference): string {
  return `${kind.toLowerCase()}.${name}`;
}

function listed(items: readonly KubernetesObject[]): string {
  const names = items.map(({ metadata }) => metadata.name).join(', ');
  return items.length === 1 ? `is ${names}` : `are ${names}`;
}

/** What the team can apply as it is, once its own image and command stand in it. */
function manifest({ action, target }: { action: string; target: ObjectReference }): string {
  const own = resourceOf(target);
  return `Create one, with an image and a command of yours; it finds what is asked for in EXECUTOR_TARGET_KIND, EXECUTOR_TARGET_NAME and the like:
apiVersion: batch/v1
kind: CronJob
metadata:
  name: ${action.replaceAll('_', '-')}
  namespace: ${target.namespace ?? ''}
  labels:
    ${actionLabel}: ${action}${own.length <= longestLabel ? `\n    ${resourceLabel}: ${own}` : ''}
spec:
  suspend: true
  schedule: "0 0 1 1 *"
  jobTemplate:
    spec:
      backoffLimit: 0
      template:
        spec:
          restartPolicy: Never
          containers:
            - name: ${action.replaceAll('_', '-')}
              image: registry.example/maintenance:1
              command: ["/maintain"]
`;
}
