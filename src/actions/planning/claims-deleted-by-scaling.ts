import type { KubernetesObject } from '../../kubernetes/object.ts';
import { listAt, numberAt, textAt } from '../../kubernetes/value-at.ts';

const mostNamed = 10;

/** What the StatefulSet's retention policy will delete for good: the claims of the pods that go, by name. */
export function claimsDeletedByScaling(statefulSet: KubernetesObject, replicas: number): string[] {
  const policy = textAt(statefulSet, ['spec', 'persistentVolumeClaimRetentionPolicy', 'whenScaled']);
  const templates = listAt(statefulSet, ['spec', 'volumeClaimTemplates']);
  const before = numberAt(statefulSet, ['spec', 'replicas'], 1);
  if (policy !== 'Delete' || templates.length === 0 || replicas >= before) return [];

  const first = numberAt(statefulSet, ['spec', 'ordinals', 'start']);
  const going = Array.from({ length: before - replicas }, (_, index) => first + replicas + index);
  const claims = going.flatMap((ordinal) =>
    templates.map((template) => `${textAt(template, ['metadata', 'name'])}-${statefulSet.metadata.name}-${ordinal}`),
  );
  const named = claims.slice(0, mostNamed).join(', ');
  const more = claims.length > mostNamed ? ` and ${claims.length - mostNamed} more` : '';
  return [
    `The retention policy (whenScaled: Delete) will delete the persistent volume claims ${named}${more}; an undo brings back the pods, not their data`,
  ];
}
