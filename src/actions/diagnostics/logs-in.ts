import { containerStatesOf } from '../../kubernetes/container-state.ts';
import type { KubernetesObject } from '../../kubernetes/object.ts';

/** One log that there is to read. */
export interface LogOfContainer {
  pod: KubernetesObject;
  container: string;
  /** Of what ran before the last restart. */
  previous: boolean;
}

/** The logs of a pod's containers that have run. */
export function logsIn(pod: KubernetesObject): LogOfContainer[] {
  return containerStatesOf(pod).flatMap(({ name: container, state, lastTermination, restarts }) => [
    ...(lastTermination || restarts > 0 ? [{ pod, container, previous: true }] : []),
    ...(state === 'running' || state === 'terminated' ? [{ pod, container, previous: false }] : []),
  ]);
}
