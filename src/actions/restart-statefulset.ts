import * as z from 'zod';
import { defineAction } from './define.ts';
import { restartRefuses, restartWorkload } from './planning/restart-workload.ts';

export const restartStatefulSet = defineAction({
  name: 'restart_statefulset',
  summary: 'Replace all pods of a StatefulSet, as its update strategy says.',
  targets: ['StatefulSet'],
  risk: 'low',
  again: 'acts',
  irreversible: 'a restart leaves the workload as it was',
  cooldownClass: 'restart',
  parameters: z.strictObject({}),
  refuses: [restartRefuses.onDelete],
  permissions: [{ apiGroups: ['apps'], resources: ['statefulsets'], verbs: ['list', 'watch', 'patch'] }],
  examples: [{ target: 'production/statefulset/postgres', parameters: {} }],

  plan: restartWorkload,
});
