import { copy } from '../resource.ts';
import type { Condition, Container, ContainerStatus, Pod } from '../shapes.ts';

/** The pod's conditions once it runs: Ready with all its gates, or not. */
export function conditionsOf(pod: Pod, ready: boolean, now: string): Condition[] {
  const reason = 'ContainersNotReady';
  const gates = ready ? (pod.spec.readinessGates ?? []).map((gate) => said(gate.conditionType, true, now)) : [];
  return replaced(pod, [
    said('Initialized', true, now),
    said('ContainersReady', ready, now, reason),
    said('Ready', ready, now, reason),
    ...gates,
  ]);
}

/** What the kubelet tells of a container that it started. */
export function containerStatus(
  { name, image = '', resources }: Container,
  state: 'ready' | 'unready' | 'crashing',
  now: string,
): ContainerStatus & Record<string, unknown> {
  const common = { name, image, imageID: image, lastState: {} };
  if (state !== 'crashing')
    return {
      ...common,
      ready: state === 'ready',
      started: true,
      restartCount: 0,
      state: { running: { startedAt: now } },
      ...(state === 'ready' ? ownResources(resources) : {}),
    };
  const terminated = { exitCode: 137, reason: 'OOMKilled', startedAt: now, finishedAt: now };
  return {
    ...common,
    ready: false,
    started: false,
    restartCount: 5,
    state: { waiting: { reason: 'CrashLoopBackOff', message: 'back-off 2m40s restarting failed container' } },
    lastState: { terminated },
  };
}

/** The status that follows the pod's present spec: resources as asked for, ephemeral containers started. */
export function syncedStatus(pod: Pod, now: string): Record<string, unknown> {
  const status = copy(pod.status);
  const known = new Map(status.ephemeralContainerStatuses?.map((entry) => [entry.name, entry]));
  const ephemeral = (pod.spec.ephemeralContainers ?? []).map(
    ({ name, image = '' }) =>
      known.get(name) ?? {
        name,
        image,
        imageID: image,
        lastState: {},
        ready: false,
        restartCount: 0,
        state: { running: { startedAt: now } },
      },
  );
  return {
    ...status,
    observedGeneration: pod.metadata.generation,
    containerStatuses: status.containerStatuses?.map((entry) => {
      const container = pod.spec.containers.find(({ name }) => name === entry.name);
      const { resources: _before, ...rest } = entry;
      return entry.state?.running
        ? {
            ...rest,
            ...(container?.image ? { image: container.image, imageID: container.image } : {}),
            ...ownResources(container?.resources),
          }
        : entry;
    }),
    ...(ephemeral.length > 0 ? { ephemeralContainerStatuses: ephemeral } : {}),
  };
}

/** The status of a pod whose containers all ended with that code. */
export function finishedStatus(pod: Pod, exitCode: number, now: string): Record<string, unknown> {
  const reason = exitCode === 0 ? 'PodCompleted' : 'PodFailed';
  const terminated = { exitCode, reason: exitCode === 0 ? 'Completed' : 'Error', finishedAt: now };
  return {
    ...copy(pod.status),
    phase: exitCode === 0 ? 'Succeeded' : 'Failed',
    conditions: replaced(pod, [said('Ready', false, now, reason), said('ContainersReady', false, now, reason)]),
    containerStatuses: (pod.status.containerStatuses ?? []).map(({ name, image, imageID, restartCount, state }) => ({
      name,
      image,
      imageID,
      lastState: {},
      ready: false,
      started: false,
      restartCount,
      state: { terminated: { ...terminated, startedAt: state?.running?.startedAt ?? now } },
    })),
  };
}

function said(type: string, status: boolean, now: string, reason?: string): Condition {
  return {
    type,
    status: status ? 'True' : 'False',
    lastProbeTime: null,
    lastTransitionTime: now,
    ...(!status && reason ? { reason } : {}),
  };
}

function replaced(pod: Pod, own: Condition[]): Condition[] {
  const types = own.map((condition) => condition.type);
  return [...(pod.status.conditions ?? []).filter((condition) => !types.includes(condition.type)), ...copy(own)];
}

/** What the node gave the container; nothing is told where nothing was asked for. */
function ownResources(resources: Container['resources']): { resources?: Container['resources'] } {
  return Object.keys(resources ?? {}).length > 0 ? { resources: copy(resources) } : {};
}
