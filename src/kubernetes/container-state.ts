import type { Json, KubernetesObject } from './object.ts';
import { listAt, numberAt, textAt, valueAt } from './value-at.ts';

/** How a container ended. */
export interface Termination {
  reason: string | undefined;
  exitCode: number;
  message: string | undefined;
  finishedAt: string | undefined;
}

/** A container of a pod as the kubelet reports it. */
export interface ContainerState {
  name: string;
  kind: 'container' | 'init_container' | 'ephemeral_container';
  state: 'waiting' | 'running' | 'terminated' | 'unknown';
  ready: boolean;
  restarts: number;
  /** Why it waits, or how it ended. */
  reason: string | undefined;
  message: string | undefined;
  termination: Termination | undefined;
  lastTermination: Termination | undefined;
}

/** The containers of a pod, in the order in which they start. Empty before a kubelet has taken it up. */
export function containerStatesOf(pod: KubernetesObject): ContainerState[] {
  return [
    ...listAt(pod, ['status', 'initContainerStatuses']).map((status) => stateOf(status, 'init_container')),
    ...listAt(pod, ['status', 'containerStatuses']).map((status) => stateOf(status, 'container')),
    ...listAt(pod, ['status', 'ephemeralContainerStatuses']).map((status) => stateOf(status, 'ephemeral_container')),
  ];
}

function stateOf(status: Json, kind: ContainerState['kind']): ContainerState {
  const termination = terminationOf(valueAt(status, ['state', 'terminated']));
  const isWaiting = valueAt(status, ['state', 'waiting']) !== undefined;
  const isRunning = valueAt(status, ['state', 'running']) !== undefined;
  return {
    name: textAt(status, ['name']) ?? '',
    kind,
    state: isWaiting ? 'waiting' : isRunning ? 'running' : termination ? 'terminated' : 'unknown',
    ready: valueAt(status, ['ready']) === true,
    restarts: numberAt(status, ['restartCount']),
    reason: textAt(status, ['state', 'waiting', 'reason']) ?? termination?.reason,
    message: textAt(status, ['state', 'waiting', 'message']) ?? termination?.message,
    termination,
    lastTermination: terminationOf(valueAt(status, ['lastState', 'terminated'])),
  };
}

function terminationOf(terminated: Json | undefined): Termination | undefined {
  if (terminated === undefined) return undefined;
  return {
    reason: textAt(terminated, ['reason']),
    exitCode: numberAt(terminated, ['exitCode']),
    message: textAt(terminated, ['message']),
    finishedAt: textAt(terminated, ['finishedAt']),
  };
}
