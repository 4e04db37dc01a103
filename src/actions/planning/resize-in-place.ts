import type { Change } from '../../changes/change.ts';
import type { PatchChange } from '../../changes/patch.ts';
import { type Plan, plan } from '../../changes/plan.ts';
import { type Resized, resized } from '../../changes/resized.ts';
import { describeReference } from '../../kubernetes/describe-reference.ts';
import { isKubernetesError } from '../../kubernetes/errors.ts';
import { type KubernetesObject, type ObjectReference, referenceTo } from '../../kubernetes/object.ts';
import { finishedPhase } from '../../kubernetes/pod-state.ts';
import type { ClusterReader } from '../../kubernetes/reader.ts';
import { listAt, textAt } from '../../kubernetes/value-at.ts';
import { preconditionFailed, Refusal } from '../refusal.ts';
import { chosenContainer } from './chosen-container.ts';
import {
  asRequirements,
  describeResources,
  type Resources,
  resourcesOf,
  withResources,
} from './container-resources.ts';
import { podsOf } from './pods-of-workload.ts';

export interface ResizeInPlace {
  containerName: string | undefined;
  /** What the container is to have, from what it has; `named` is how messages call it. */
  resourcesFor(before: Resources, named: string): { resources: Resources; warnings: string[] };
}

interface Resize {
  change: PatchChange;
  after: Resized;
  before: Resized;
  warnings: string[];
}

/** Plans the resize of a workload's running pods, one after another, each once the kubelet has done the one before. */
export async function resizeInPlace(
  cluster: ClusterReader,
  workload: KubernetesObject,
  { containerName, resourcesFor }: ResizeInPlace,
): Promise<Plan> {
  const target = referenceTo(workload);
  const { name } = chosenContainer(workload, containerName);
  const running = (await podsOf(cluster, workload))
    .map(({ pod }) => pod)
    .filter((pod) => !pod.metadata.deletionTimestamp && !finishedPhase(pod))
    .sort((a, b) => a.metadata.name.localeCompare(b.metadata.name, 'en', { numeric: true }));
  const [first] = running;
  if (!first) throw preconditionFailed(`${describeReference(target)} has no running pods to resize`);
  await refuseWithoutResize(cluster, referenceTo(first));

  const resizes = running.map((pod) => resizeOf(pod, name, resourcesFor));
  const changes = resizes.flatMap(({ change, after }): Change[] => [
    change,
    { kind: 'wait', target: change.target, until: after },
  ]);
  return plan({
    // Where nothing is to be written, nothing is waited for; the last wait is among the expectations.
    changes: resizes.every(({ change }) => isSame(change)) ? resizes.map(({ change }) => change) : changes.slice(0, -1),
    expect: resizes.map(({ after }) => after),
    undoExpect: resizes.map(({ before }) => ({ ...before, orGone: true })),
    holds: [target],
    warnings: [
      `The template of ${describeReference(target)} keeps its sizes: pods that are made from now on have the old ones`,
      ...new Set(resizes.flatMap(({ warnings }) => warnings)),
      ...restarts(first, name),
    ],
  });
}

/** The subresource came with Kubernetes 1.33, behind a feature gate at first. */
async function refuseWithoutResize(cluster: ClusterReader, pod: ObjectReference): Promise<void> {
  try {
    await cluster.get(pod, 'resize');
  } catch (error) {
    if (!isKubernetesError(error, 'notFound')) throw error;
    throw new Refusal('not_supported', `The API server of ${cluster.name} can't resize pods in place`, {
      hint: 'Leave in_place out: the pods are then replaced by ones with the new sizes',
      cause: error,
    });
  }
}

/**
 * One pod's resize. It carries no resourceVersion: the kubelet writes the pod's status all the while the others are
 * resized, and the subresource takes nothing but resources from the list.
 */
function resizeOf(pod: KubernetesObject, name: string, resourcesFor: ResizeInPlace['resourcesFor']): Resize {
  const target = referenceTo(pod);
  const { path, containers, index } = chosenContainer(pod, name);
  const had = resourcesOf(containers[index]);
  const { resources, warnings } = resourcesFor(had, `Container ${name} of ${describeReference(target)}`);
  return {
    change: {
      kind: 'patch',
      target,
      subresource: 'resize',
      edits: [{ path, from: containers, to: withResources(containers, index, resources) }],
      summary: `Resize container ${name} of ${describeReference(target)} to ${describeResources(resources)}`,
    },
    after: resized({ target, container: name, resources: asRequirements(resources) }),
    before: resized({ target, container: name, resources: asRequirements(had) }),
    warnings,
  };
}

function isSame({ edits: [edit] }: PatchChange): boolean {
  return edit !== undefined && JSON.stringify(edit.from) === JSON.stringify(edit.to);
}

/** A container may ask to be restarted when its sizes change. */
function restarts(pod: KubernetesObject, name: string): string[] {
  const container = listAt(pod, ['spec', 'containers']).find((one) => textAt(one, ['name']) === name);
  const restarting = listAt(container, ['resizePolicy']).filter(
    (policy) => textAt(policy, ['restartPolicy']) === 'RestartContainer',
  );
  const resources = restarting.map((policy) => textAt(policy, ['resourceName'])).join(' and ');
  return resources ? [`Container ${name} is restarted where its ${resources} changes: its resizePolicy says so`] : [];
}
