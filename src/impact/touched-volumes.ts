import type { KubernetesObject } from '../kubernetes/object.ts';
import { listAt, textAt, valueAt } from '../kubernetes/value-at.ts';
import type { PodGroup } from './touched-pods.ts';

export interface TouchedVolumes {
  /** Claims of the pods: they stay, and are mounted again. `namespace/name`. */
  claims: string[];
  /** What is gone with the pods. */
  lost: string[];
}

/** The volumes of the pods that are taken away or replaced. */
export function touchedVolumes(groups: readonly PodGroup[]): TouchedVolumes {
  const pods = groups.filter(({ touched }) => touched > 0).flatMap((group) => group.pods);
  return { claims: [...new Set(pods.flatMap(claimsOf))].toSorted(), lost: lostWith(pods) };
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
