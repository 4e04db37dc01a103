import * as z from 'zod';
import { defineAction } from './define.ts';
import { overrideHpa, replicaCount } from './parameters.ts';
import { claimsDeletedByScaling } from './planning/claims-deleted-by-scaling.ts';
import { scaleWorkload } from './planning/scale-workload.ts';

export const scaleStatefulSet = defineAction({
  name: 'scale_statefulset',
  summary: 'Set the number of replicas of a StatefulSet.',
  targets: ['StatefulSet'],
  risk: 'medium',
  again: 'no_op',
  cooldownClass: 'scale',
  parameters: z.strictObject({ replicas: replicaCount, override_hpa: overrideHpa }),
  refuses: ['a StatefulSet whose replicas a HorizontalPodAutoscaler manages, unless `override_hpa` is true'],
  permissions: [
    { apiGroups: ['apps'], resources: ['statefulsets/scale'], verbs: ['get', 'patch'] },
    { apiGroups: ['apps'], resources: ['statefulsets'], verbs: ['list', 'watch'] },
  ],
  examples: [{ target: 'production/statefulset/postgres', parameters: { replicas: 3 } }],

  readAhead: (cluster, target) => [cluster.get(target, 'scale')],

  plan: ({ cluster, target, object, parameters: { replicas } }) =>
    scaleWorkload({ cluster, target }, { replicas, warnings: claimsDeletedByScaling(object, replicas) }),
});
