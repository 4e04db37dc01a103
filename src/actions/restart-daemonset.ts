import * as z from 'zod';
import { defineAction } from './define.ts';
import { restartRefuses, restartWorkload } from './planning/restart-workload.ts';

export const restartDaemonSet = defineAction({
  name: 'restart_daemonset',
  summary: 'Replace all pods of a DaemonSet, as its update strategy says.',
  targets: ['DaemonSet'],
  risk: 'low',
  again: 'acts',
  irreversible: 'a restart leaves the workload as it was',
  cooldownClass: 'restart',
  parameters: z.strictObject({}),
  refuses: [restartRefuses.onDelete],
  permissions: [{ apiGroups: ['apps'], resources: ['daemonsets'], verbs: ['list', 'watch', 'patch'] }],
  examples: [{ target: 'production/daemonset/log-agent', parameters: {} }],

  plan: restartWorkload,
});
