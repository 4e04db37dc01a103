import { holdsCondition } from './conditions.ts';
import { containerStatesOf } from './container-state.ts';
import type { KubernetesObject } from './object.ts';
import { finishedPhase } from './pod-state.ts';
import { listAt, textAt } from './value-at.ts';

/** When a pod or a Job ended, in milliseconds since 1970; undefined where it has not. */
export function finishedAtMs(object: KubernetesObject): number | undefined {
  if (object.kind === 'Job') return hasFinished(object) ? newest(jobTimes(object)) : undefined;
  if (object.kind !== 'Pod' || !finishedPhase(object)) return undefined;
  const ended = containerStatesOf(object).flatMap(({ termination }) => termination?.finishedAt ?? []);
  // A pod that was evicted or never started has no containers that ended: its conditions tell when it did.
  return newest(ended) ?? newest(transitions(object)) ?? newest([object.metadata.creationTimestamp ?? '']);
}

/** A Job that is complete or has failed: nothing will run for it any more. */
export function hasFinished(job: KubernetesObject): boolean {
  return job.kind === 'Job' && (holdsCondition(job, 'Complete') || holdsCondition(job, 'Failed'));
}

function jobTimes(job: KubernetesObject): string[] {
  return [
    textAt(job, ['status', 'completionTime']) ?? '',
    ...listAt(job, ['status', 'conditions']).flatMap((condition) =>
      ['Complete', 'Failed'].includes(textAt(condition, ['type']) ?? '')
        ? (textAt(condition, ['lastTransitionTime']) ?? [])
        : [],
    ),
  ];
}

function transitions(object: KubernetesObject): string[] {
  return listAt(object, ['status', 'conditions']).flatMap(
    (condition) => textAt(condition, ['lastTransitionTime']) ?? [],
  );
}

function newest(times: readonly string[]): number | undefined {
  const known = times.map((time) => Date.parse(time)).filter((ms) => !Number.isNaN(ms));
  return known.length > 0 ? Math.max(...known) : undefined;
}
