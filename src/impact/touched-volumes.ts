import type { KubernetesObject } from '../kubernetes/object.ts';
import { listAt, textAt, valueAt } from '../kubernetes/value-at.ts';
import type { PodGroup } from './pod-group.ts';

export interface TouchedVolumes {
  /** Claims of the pods: they stay, and are mounted again. `namespace/name`. */
  claims: string[];
  /** What is gone with the pods. */
  lost: string[];
}

/** The volumes of the pods that are taken away or replaced. */
export function touchedVolumes(groups: readonly PodGroup[]): TouchedVolumes {
  const pods = groups.flatMap(goingOf);
  const deleted = groups.filter(deletesClaims);
  const kept = groups.filter((group) => !deleted.includes(group)).flatMap(goingOf);
  return {
    claims: [...new Set(kept.flatMap(claimsOf))].toSorted(),
    lost: [
      ...lostWith(pods),
      ...deleted
        .flatMap(goingOf)
        .flatMap(claimsOf)
        .map((claim) => `volume claim ${claim}: it is deleted with its pod`),
    ],
  };
}

/** A StatefulSet that is made smaller loses the pods of the highest ordinals, others whichever. */
function goingOf({ pods, touched, workload }: PodGroup): KubernetesObject[] {
  if (workload?.kind !== 'StatefulSet') return pods.slice(0, touched);
  return pods.toSorted((a, b) => ordinalOf(b) - ordinalOf(a)).slice(0, touched);
}

function ordinalOf({ metadata: { name } }: KubernetesObject): number {
  return Number(/-(\d+)$/.exec(name)?.[1] ?? 0);
}

function deletesClaims({ workload, forGood }: PodGroup): boolean {
  const policy = textAt(workload, ['spec', 'persistentVolumeClaimRetentionPolicy', 'whenScaled']);
  return forGood && policy === 'Delete';
}

function claimsOf(pod: KubernetesObject): string[] {
  return listAt(pod, ['spec', 'volumes']).flatMap((volume) => {
    const claim = textAt(volume, ['persistentVolumeClaim', 'claimName']);
    return claim === undefined ? [] : [`${pod.metadata.namespace ?? ''}/${claim}`];
  });
}

/** One sentence for each volume of each kind of pods, not for each pod: an emptyDir is gone with its pod. */
function lostWith(pods: readonly KubernetesObject[]): string[] {
  const holders = new Map<string, number>();
  for (const pod of pods)
    for (const volume of listAt(pod, ['spec', 'volumes'])) {
      if (valueAt(volume, ['emptyDir']) === undefined) continue;
      const owner = pod.metadata.ownerReferences?.find(({ controller }) => controller);
      const of = owner ? `${owner.kind} ${owner.name}` : `Pod ${pod.metadata.name}`;
      const key = `emptyDir ${textAt(volume, ['name']) ?? '?'} of ${of} in ${pod.metadata.namespace ?? ''}`;
      holders.set(key, (holders.get(key) ?? 0) + 1);
    }
  return [...holders].map(([what, count]) => `${what}: the data of ${count === 1 ? '1 pod' : `${count} pods`}`);
}
