import * as z from 'zod';
import { defineAction } from './define.ts';
import { restartRefuses, restartWorkload } from './planning/restart-workload.ts';

export const restartDeployment = defineAction({
  name: 'restart_deployment',
  summary: 'Replace all pods of a Deployment, as its update strategy says.',
  targets: ['Deployment'],
  risk: 'low',
  again: 'acts',
  irreversible: 'a restart leaves the workload as it was',
  cooldownClass: 'restart',
  parameters: z.strictObject({}),
  refuses: [restartRefuses.paused],
  permissions: [{ apiGroups: ['apps'], resources: ['deployments'], verbs: ['list', 'watch', 'patch'] }],
  examples: [{ target: 'production/deployment/web-server', parameters: {} }],

  plan: restartWorkload,
});
