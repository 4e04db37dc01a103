import { containerStatesOf } from '../../kubernetes/container-state.ts';
import { describeReference } from '../../kubernetes/describe-reference.ts';
import { type KubernetesObject, referenceTo } from '../../kubernetes/object.ts';
import { finishedPhase } from '../../kubernetes/pod-state.ts';
import { textAt } from '../../kubernetes/value-at.ts';
import { preconditionFailed } from '../refusal.ts';
import { chosenContainer } from './chosen-container.ts';

/** The container of a running pod in which a command can be run. */
export function runningContainer(pod: KubernetesObject, wanted: string | undefined): string {
  const of = describeReference(referenceTo(pod));
  const phase = finishedPhase(pod);
  if (phase) throw preconditionFailed(`${of} has finished (${phase}): no command can be run in it`);
  if (pod.metadata.deletionTimestamp) {
    throw preconditionFailed(`${of} is terminating, since ${pod.metadata.deletionTimestamp}`);
  }
  const { name } = chosenContainer(pod, wanted);
  const state = containerStatesOf(pod).find((container) => container.name === name);
  if (state?.state === 'running') return name;
  const why = state?.reason ?? textAt(pod, ['status', 'phase']) ?? 'not started';
  throw preconditionFailed(`Container ${name} of ${of} is not running (${why}): no command can be run in it`);
}
