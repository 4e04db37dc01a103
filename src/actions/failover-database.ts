import * as z from 'zod';
import { defineAction } from './define.ts';
import { objectName } from './parameters.ts';
import { cnpgCluster } from './planning/cnpg-cluster.ts';
import { cnpgSwitchover, switchoverIrreversible } from './planning/cnpg-switchover.ts';
import { maintenanceJob, maintenanceJobPermissions, maintenanceJobRefusals } from './planning/maintenance-job.ts';
import { maintenanceParameters, maintenanceTargets } from './planning/maintenance-parameters.ts';

const parameters = z.strictObject({
  target_replica: objectName
    .optional()
    .describe('The new primary (default: the first replica that is ready); handed to a job as EXECUTOR_TARGET_REPLICA'),
  ...maintenanceParameters,
  force: z
    .boolean()
    .default(false)
    .describe('Take a replica that is not ready, or change a switchover under way; handed to a job as EXECUTOR_FORCE'),
});

export const failoverDatabase = defineAction<z.output<typeof parameters>>({
  name: 'failover_database',
  summary: "Make another instance the primary: by CloudNativePG's own switchover, or by the team's own job.",
  targets: maintenanceTargets,
  customTargets: [cnpgCluster],
  risk: 'high',
  again: 'acts',
  irreversible: switchoverIrreversible,
  parameters,
  refuses: [
    ...maintenanceJobRefusals,
    'a CloudNativePG cluster without a primary, with another switchover under way (unless `force`) or without a ready replica',
    'a `target_replica` that is no instance of the cluster, or is not ready (unless `force`)',
  ],
  permissions: [
    ...maintenanceJobPermissions,
    { apiGroups: [''], resources: ['pods'], verbs: ['watch'] },
    { apiGroups: ['postgresql.cnpg.io'], resources: ['clusters'], verbs: ['list', 'watch'] },
    { apiGroups: ['postgresql.cnpg.io'], resources: ['clusters/status'], verbs: ['get', 'patch'] },
  ],
  examples: [
    { target: 'production/statefulset/database', parameters: {} },
    { target: 'production/statefulset/database', parameters: { target_replica: 'database-2', job: 'promote-replica' } },
  ],

  plan: (context) => {
    const { target_replica, job, force } = context.parameters;
    if (context.target.kind === cnpgCluster.kind && job === undefined) {
      return cnpgSwitchover(context, { replica: target_replica, force });
    }
    return maintenanceJob(context, { action: 'failover_database', job, given: { force, target_replica } });
  },
});
