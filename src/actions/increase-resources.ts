import * as z from 'zod';
import { plan } from '../changes/plan.ts';
import { rolledOut } from '../changes/rollout-complete.ts';
import { describeReference } from '../kubernetes/describe-reference.ts';
import { defineAction, type PlanContext } from './define.ts';
import { quantity } from './parameters.ts';
import { chosenContainer } from './planning/chosen-container.ts';
import { describeResources, resourceNames, resourcesOf, withResources } from './planning/container-resources.ts';
import { type Asked, increasedResources } from './planning/increased-resources.ts';
import { resizeInPlace } from './planning/resize-in-place.ts';
import { partitionWarnings, refuseHaltedRollout } from './planning/rollout-preconditions.ts';

const limit = (resource: string) => quantity().optional().describe(`The ${resource} limit; the request stays as it is`);

const parameters = z
  .strictObject({
    cpu: limit('CPU'),
    memory: limit('memory'),
    cpu_limit: quantity().optional().describe('Another name for `cpu`'),
    cpu_request: quantity().optional().describe('What the container asks for of CPU'),
    memory_limit: quantity().optional().describe('Another name for `memory`'),
    memory_request: quantity().optional().describe('What the container asks for of memory'),
    container_name: z.string().max(63).optional().describe('The container; required where there is more than one'),
    in_place: z
      .boolean()
      .default(false)
      .describe('Resize the running pods without replacing them; the template, and so new pods, keep the old sizes'),
  })
  .check(({ value, issues }) => {
    for (const name of resourceNames) {
      if (value[name] === undefined || value[`${name}_limit`] === undefined) continue;
      const message = `is the same as ${name}; give one of them`;
      issues.push({ code: 'custom', message, input: value, path: [`${name}_limit`] });
    }
  });
type Parameters = z.output<typeof parameters>;

export const increaseResources = defineAction<Parameters>({
  name: 'increase_resources',
  summary: 'Give a container of a workload more CPU or memory.',
  targets: ['Deployment', 'StatefulSet', 'DaemonSet'],
  risk: 'medium',
  again: 'no_op',
  parameters,
  refuses: [
    'an amount below what the container has',
    'a request above the limit',
    'a workload with more than one container where `container_name` is not given, or names none of them',
    'a paused Deployment, or an update strategy `OnDelete`, unless `in_place` is true',
    '`in_place` where the API server can not resize pods, or where no pod is running',
  ],
  permissions: [
    {
      apiGroups: ['apps'],
      resources: ['deployments', 'statefulsets', 'daemonsets'],
      verbs: ['list', 'watch', 'patch'],
    },
    { apiGroups: [''], resources: ['pods'], verbs: ['list', 'watch'] },
    { apiGroups: [''], resources: ['pods/resize'], verbs: ['get', 'patch'] },
  ],
  examples: [
    { target: 'production/deployment/web-server', parameters: { memory: '1Gi' } },
    { target: 'production/deployment/web-server', parameters: { cpu: '2', in_place: true } },
  ],

  plan: async (context) => (context.parameters.in_place ? inPlace(context) : inTemplate(context)),
});

async function inTemplate({ target, object, parameters: given }: PlanContext<Parameters>) {
  refuseHaltedRollout(object, 'a change of resources');
  const { path, containers, index, name } = chosenContainer(object, given.container_name);
  const named = `Container ${name} of ${describeReference(target)}`;
  const { resources, warnings } = increasedResources(resourcesOf(containers[index]), askedBy(given), named);
  const { resourceVersion } = object.metadata;
  return plan({
    changes: [
      {
        kind: 'patch',
        target,
        ...(resourceVersion ? { resourceVersion } : {}),
        edits: [{ path, from: containers, to: withResources(containers, index, resources) }],
        summary: `Give container ${name} of ${describeReference(target)} ${describeResources(resources)}`,
      },
    ],
    expect: [rolledOut(target)],
    undoExpect: [rolledOut(target)],
    warnings: [...warnings, ...partitionWarnings(object)],
  });
}

function inPlace({ cluster, object, parameters: given }: PlanContext<Parameters>) {
  return resizeInPlace(cluster, object, {
    containerName: given.container_name,
    resourcesFor: (before, named) => increasedResources(before, askedBy(given), named),
  });
}

function askedBy(given: Parameters): Asked {
  const asked = (name: 'cpu' | 'memory') => {
    const [limitGiven, request] = [given[name] ?? given[`${name}_limit`], given[`${name}_request`]];
    return {
      ...(limitGiven === undefined ? {} : { limit: limitGiven }),
      ...(request === undefined ? {} : { request }),
    };
  };
  return { cpu: asked('cpu'), memory: asked('memory') };
}
