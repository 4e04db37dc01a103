import * as z from 'zod';
import { defineAction } from './define.ts';
import { cnpgCluster } from './planning/cnpg-cluster.ts';
import {
  jobIrreversible,
  maintenanceJob,
  maintenanceJobPermissions,
  maintenanceJobRefusals,
} from './planning/maintenance-job.ts';
import { maintenanceParameters, maintenanceTargets } from './planning/maintenance-parameters.ts';

export const compactStorage = defineAction({
  name: 'compact_storage',
  summary: "Run the team's own job that compacts a workload's data or a volume.",
  targets: maintenanceTargets,
  customTargets: [cnpgCluster],
  risk: 'high',
  again: 'acts',
  irreversible: jobIrreversible,
  cooldownClass: 'maintenance',
  parameters: z.strictObject(maintenanceParameters),
  refuses: maintenanceJobRefusals,
  permissions: maintenanceJobPermissions,
  examples: [{ target: 'production/statefulset/database', parameters: {} }],

  plan: (context) => {
    const { job, force } = context.parameters;
    return maintenanceJob(context, { action: 'compact_storage', job, given: { force } });
  },
});
