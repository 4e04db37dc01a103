import * as z from 'zod';
import { rolledOut } from '../changes/rollout-complete.ts';
import { defineAction } from './define.ts';
import { overrideHpa, replicaCount } from './parameters.ts';
import { scaleWorkload } from './planning/scale-workload.ts';

export const scaleDeployment = defineAction({
  name: 'scale_deployment',
  summary: 'Set the number of replicas of a Deployment.',
  targets: ['Deployment'],
  risk: 'medium',
  again: 'no_op',
  cooldownClass: 'scale',
  parameters: z.strictObject({ replicas: replicaCount, override_hpa: overrideHpa }),
  refuses: ['a Deployment whose replicas a HorizontalPodAutoscaler manages, unless `override_hpa` is true'],
  permissions: [
    { apiGroups: ['apps'], resources: ['deployments/scale'], verbs: ['get', 'patch'] },
    { apiGroups: ['apps'], resources: ['deployments'], verbs: ['list', 'watch'] },
  ],
  examples: [{ target: 'production/deployment/web-server', parameters: { replicas: 3 } }],

  readAhead: (cluster, target) => [cluster.get(target, 'scale')],

  plan: ({ cluster, target, parameters }) =>
    scaleWorkload({ cluster, target }, { replicas: parameters.replicas, expect: [rolledOut(target)] }),
});
