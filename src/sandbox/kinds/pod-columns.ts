import { type Resource, as } from '../resource.ts';
import type { ContainerStatus, Pod } from '../shapes.ts';

/** What `kubectl get pods` shows as status: the phase, or what keeps a container from running. */
export function podReason(object: Resource): string {
  const { metadata, status } = as<Pod>(object);
  if (metadata.deletionTimestamp) return 'Terminating';
  const statuses = status?.containerStatuses ?? [];
  const stuck = statuses.map(containerReason).find((reason) => reason !== undefined);
  if (stuck) return stuck;
  if (status?.phase === 'Succeeded') return 'Completed';
  if (status?.phase === 'Failed') return status.reason ?? 'Error';
  const scheduled = status?.conditions?.find((condition) => condition.type === 'PodScheduled');
  if (scheduled?.reason === 'SchedulingGated') return 'SchedulingGated';
  return status?.reason ?? status?.phase ?? 'Unknown';
}

export function readyContainers(object: Resource): number {
  return (as<Pod>(object).status?.containerStatuses ?? []).filter((status) => status.ready).length;
}

export function restarts(object: Resource): number {
  return (as<Pod>(object).status?.containerStatuses ?? []).reduce((sum, status) => sum + status.restartCount, 0);
}

function containerReason({ state }: ContainerStatus): string | undefined {
  if (state?.waiting?.reason) return state.waiting.reason;
  if (!state?.terminated) return undefined;
  return state.terminated.reason ?? `ExitCode:${state.terminated.exitCode}`;
}
