import { containerStatesOf } from '../../kubernetes/container-state.ts';
import { describeReference } from '../../kubernetes/describe-reference.ts';
import { type KubernetesObject, referenceTo } from '../../kubernetes/object.ts';
import { finishedPhase } from '../../kubernetes/pod-state.ts';
import { listAt, textAt } from '../../kubernetes/value-at.ts';
import { preconditionFailed } from '../refusal.ts';

/** The container of a pod or of a pod template's spec that is meant: the one named, or the only one. */
export function chosenContainer(containers: readonly string[], wanted: string | undefined, of: string): string {
  const [first, ...others] = containers;
  const all = containers.join(', ');
  if (wanted !== undefined) {
    if (containers.includes(wanted)) return wanted;
    throw preconditionFailed(`${of} has no container ${wanted}; it has ${all}`);
  }
  if (first !== undefined && others.length === 0) return first;
  throw preconditionFailed(`${of} has more than one container: ${all}`, 'Name one of them as container_name');
}

/** The container of a running pod in which a command can be run. */
export function runningContainer(pod: KubernetesObject, wanted: string | undefined): string {
  const of = describeReference(referenceTo(pod));
  const phase = finishedPhase(pod);
  if (phase) throw preconditionFailed(`${of} has finished (${phase}): no command can be run in it`);
  if (pod.metadata.deletionTimestamp) {
    throw preconditionFailed(`${of} is terminating, since ${pod.metadata.deletionTimestamp}`);
  }
  const named = listAt(pod, ['spec', 'containers']).flatMap((container) => textAt(container, ['name']) ?? []);
  const name = chosenContainer(named, wanted, of);
  const state = containerStatesOf(pod).find((container) => container.name === name);
  if (state?.state === 'running') return name;
  const why = state?.reason ?? textAt(pod, ['status', 'phase']) ?? 'not started';
  throw preconditionFailed(`Container ${name} of ${of} is not running (${why}): no command can be run in it`);
}
