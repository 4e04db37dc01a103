import * as z from 'zod';
import type { Plan } from '../changes/plan.ts';
import { describeReference } from '../kubernetes/describe-reference.ts';
import { type KubernetesObject, referenceTo } from '../kubernetes/object.ts';
import { ownerChain } from '../kubernetes/owner-chain.ts';
import { defineAction, type PlanContext } from './define.ts';
import { durationMs } from './parameters.ts';
import { chosenContainer } from './planning/chosen-container.ts';
import { debugContainer } from './planning/debug-container.ts';
import { debugVariable } from './planning/debug-variable.ts';
import { runningContainer } from './planning/running-container.ts';
import { parameterFault, preconditionFailed } from './refusal.ts';

const workloads = ['Deployment', 'StatefulSet', 'DaemonSet'];

const parameters = z.strictObject({
  log_level: z
    .string()
    .regex(/^[A-Za-z0-9_.,:=*/-]{1,128}$/, 'must be a word such as debug')
    .default('debug')
    .describe('Value of the variable'),
  env_name: z
    .string()
    .regex(/^[A-Za-z_][A-Za-z0-9_]{0,127}$/, 'must be the name of an environment variable')
    .default('LOG_LEVEL')
    .describe('Environment variable that says how much the container logs'),
  container_name: z.string().max(63).optional().describe('Required where there is more than one container'),
  image: z
    .string()
    .regex(/^[a-z0-9][A-Za-z0-9._:/@-]{0,254}$/, 'must be a container image')
    .optional()
    .describe('For a Pod: an ephemeral container of this image beside the one named, instead of the variable'),
  duration: durationMs({ default: '30m', shortest: '1s', longest: '7d' }).describe(
    'How long it lasts, where it is undone by itself: a duration from 1s to 7d',
  ),
  auto_revert: z.boolean().default(true).describe('Undo it by itself after the duration'),
});
type Parameters = z.output<typeof parameters>;

export const enableDebugMode = defineAction<Parameters>({
  name: 'enable_debug_mode',
  summary: 'Make a workload log more for a while, or put a debugging container into a pod.',
  targets: [...workloads, 'Pod'],
  risk: 'medium',
  again: 'no_op',
  parameters,
  refuses: [
    'a workload or Pod with more than one container where `container_name` is not given',
    'a paused Deployment, and a workload whose update strategy is `OnDelete`',
    'a Pod without a workload where no `image` is given',
    'an `image` for a workload: a pod gets an ephemeral container, a template does not',
    'a Pod that has finished, is terminating, or whose container does not run, where an `image` is given',
  ],
  permissions: [
    {
      apiGroups: ['apps'],
      resources: ['deployments', 'statefulsets', 'daemonsets'],
      verbs: ['get', 'list', 'watch', 'patch'],
    },
    { apiGroups: ['apps'], resources: ['replicasets'], verbs: ['get'] },
    { apiGroups: [''], resources: ['pods'], verbs: ['list', 'watch'] },
    { apiGroups: [''], resources: ['pods/ephemeralcontainers'], verbs: ['get', 'patch'] },
  ],
  examples: [
    { target: 'production/deployment/web-server', parameters: { log_level: 'debug', duration: '15m' } },
    { target: 'production/pod/web-server-0', parameters: { image: 'registry.example/tools:1', container_name: 'app' } },
  ],

  async plan(context) {
    const { object, parameters } = context;
    const { container_name: wanted, image } = parameters;
    const lastsMs = parameters.auto_revert ? parameters.duration : undefined;
    if (image !== undefined) {
      if (object.kind !== 'Pod')
        throw parameterFault('image', `An image is for a Pod, and the target is a ${object.kind}`);
      return debugContainer(object, { image, container: runningContainer(object, wanted), lastsMs });
    }
    const workload = object.kind === 'Pod' ? await workloadOf(context) : object;
    const container = chosenContainer(workload, wanted).name;
    const { env_name: name, log_level: value } = parameters;
    return withTarget(debugVariable(workload, { container, name, value, lastsMs }), context);
  },
});

async function workloadOf({ cluster, object: pod }: PlanContext<Parameters>): Promise<KubernetesObject> {
  const owners = await ownerChain(cluster, pod, ['ReplicaSet', ...workloads]);
  const workload = owners.find(({ object }) => object && workloads.includes(object.kind))?.object;
  if (workload) return workload;
  const named = describeReference(referenceTo(pod));
  throw preconditionFailed(
    `${named} belongs to no ${workloads.join(', ')}: a variable of a pod can't be changed`,
    'Give an image: the pod then gets an ephemeral container',
  );
}

/** A pod that stands for its workload is replaced by the change. */
function withTarget(planned: Plan, { object }: PlanContext<Parameters>): Plan {
  if (object.kind !== 'Pod') return planned;
  const { name } = object.metadata;
  return {
    ...planned,
    warnings: [...planned.warnings, `The rollout replaces Pod ${name} and all others of its workload`],
  };
}
