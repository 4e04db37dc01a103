import * as z from 'zod';
import type { Change } from '../changes/change.ts';
import { noUndo, type Plan, plan } from '../changes/plan.ts';
import { finishedAtMs } from '../kubernetes/finished.ts';
import { controllerOf, type KubernetesObject, referenceTo } from '../kubernetes/object.ts';
import { defineAction, type PlanContext } from './define.ts';
import { durationMs } from './parameters.ts';
import { runningContainer } from './planning/running-container.ts';
import { execPath, refuseOutside } from './planning/exec-path.ts';
import { parameterFault } from './refusal.ts';

const parameters = z.strictObject({
  path: execPath
    .optional()
    .describe('Folder in the container whose old files are deleted; for a Pod, where it is required'),
  age_threshold: durationMs({ default: '7d', shortest: '1m', longest: '3650d' }).describe(
    'How long ago it must have finished (a pod, a Job) or been written last (a file)',
  ),
  container_name: z.string().max(63).optional().describe('Container of the Pod; required where it has more than one'),
  dry_run: z.boolean().default(false).describe('Only say what would be done'),
});
type Parameters = z.output<typeof parameters>;

const irreversible = 'what is deleted can not be brought back';

export const cleanupStorage = defineAction<Parameters>({
  name: 'cleanup_storage',
  summary: "Delete a namespace's old finished pods and Jobs, or old files in a pod.",
  targets: ['Namespace', 'Pod'],
  risk: 'high',
  again: 'acts',
  irreversible,
  parameters,
  refuses: [
    'a `path` outside the folders of `actions.exec_paths`, also where a symbolic link leads out of them, or one with `..`',
    'a Pod without a `path`, and a namespace with one',
    'a Pod with more than one container where `container_name` is not given',
    'a Pod that has finished, is terminating, or whose container does not run',
  ],
  permissions: [
    { apiGroups: [''], resources: ['pods'], verbs: ['list', 'watch', 'delete'] },
    { apiGroups: ['batch'], resources: ['jobs'], verbs: ['list', 'watch', 'delete'] },
    { apiGroups: [''], resources: ['pods/exec'], verbs: ['get', 'create'] },
  ],
  examples: [
    { target: 'namespace/production', parameters: { age_threshold: '7d' } },
    { target: 'production/pod/web-server-0', parameters: { path: '/var/log', age_threshold: '30d' } },
  ],

  plan: (context) => (context.object.kind === 'Pod' ? planFiles(context) : planObjects(context)),
});

async function planFiles({ object: pod, target, parameters, execPaths }: PlanContext<Parameters>): Promise<Plan> {
  const { path, age_threshold: ageMs, container_name: wanted } = parameters;
  if (path === undefined) throw parameterFault('path', 'The files of a Pod can only be cleaned up under a path');
  refuseOutside(path, execPaths);
  const container = runningContainer(pod, wanted);
  return plan({
    changes: [
      {
        kind: 'exec',
        target,
        container,
        task: { name: 'delete_old_files', path, within: [...execPaths], olderThanMinutes: Math.ceil(ageMs / 60_000) },
        as: 'deleted',
      },
    ],
    undo: noUndo(irreversible),
    warnings: ['A file that a process still holds open frees its space only when it is closed'],
  });
}

/** In one go; what is left is for the next. */
const mostObjects = 500;
/** Pods that have ended: the API server looks for these alone. */
const finishedPods = 'status.phase!=Running,status.phase!=Pending,status.phase!=Unknown';

async function planObjects({ cluster, target, parameters, now }: PlanContext<Parameters>): Promise<Plan> {
  if (parameters.path !== undefined) {
    throw parameterFault('path', 'A path is for a Pod; of a namespace, finished pods and Jobs are cleaned up');
  }
  const namespace = target.name;
  const podQuery = { apiVersion: 'v1', kind: 'Pod', namespace, fieldSelector: finishedPods };
  const jobQuery = { apiVersion: 'batch/v1', kind: 'Job', namespace };
  const [pods, jobs] = await Promise.all([cluster.list(podQuery), cluster.list(jobQuery)]);
  const before = now.getTime() - parameters.age_threshold;
  const isOld = ({ object, at }: Finished) => at < before && !object.metadata.deletionTimestamp;
  const oldJobs = finished(jobs.items).filter(isOld);
  // A Job's pods go with it; those of a Job that stays are what it counts its tries by.
  const oldPods = finished(pods.items).filter((pod) => isOld(pod) && controllerOf(pod.object)?.kind !== 'Job');
  const all = [...oldJobs, ...oldPods].sort((a, b) => a.at - b.at).map(({ object }) => object);
  const chosen = all.slice(0, mostObjects);
  const chosenJobs = chosen.filter(({ kind }) => kind === 'Job');
  const chosenPods = chosen.filter(({ kind }) => kind === 'Pod');
  const told = `${chosenPods.length} finished pods and ${chosenJobs.length} finished Jobs of ${namespace}`;
  return plan({
    changes: chosen.length > 0 ? [chosen.map(deletion)] : [],
    expect: [
      ...(chosenPods.length > 0 ? [{ kind: 'all_gone' as const, query: podQuery, uids: uidsOf(chosenPods) }] : []),
      ...(chosenJobs.length > 0 ? [{ kind: 'all_gone' as const, query: jobQuery, uids: uidsOf(chosenJobs) }] : []),
    ],
    undo: noUndo(irreversible),
    summary: chosen.length > 0 ? `${told} are deleted` : `Nothing in ${namespace} finished that long ago`,
    warnings: all.length > chosen.length ? [`${all.length - chosen.length} more are left for another run`] : [],
    result: {
      pods: chosenPods.length,
      jobs: chosenJobs.length,
      // What they wrote on their nodes the API server does not know.
      bytes_freed: chosen.reduce((sum, object) => sum + Buffer.byteLength(JSON.stringify(object)), 0),
      bytes_of: 'the objects in the API server; what the pods wrote on their nodes goes too, uncounted',
      left: all.length - chosen.length,
    },
  });
}

interface Finished {
  object: KubernetesObject;
  /** Milliseconds since 1970. */
  at: number;
}

function finished(objects: readonly KubernetesObject[]): Finished[] {
  return objects.flatMap((object) => {
    const at = finishedAtMs(object);
    return at === undefined ? [] : [{ object, at }];
  });
}

function deletion(object: KubernetesObject): Change {
  return {
    kind: 'delete',
    target: referenceTo(object),
    ...(object.kind === 'Job' ? { propagationPolicy: 'Background' as const } : {}),
  };
}

function uidsOf(objects: readonly KubernetesObject[]): string[] {
  return objects.flatMap(({ metadata }) => metadata.uid ?? []);
}
