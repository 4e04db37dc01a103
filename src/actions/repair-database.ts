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

const parameters = z.strictObject({
  repair_type: z
    .enum(['index', 'full', 'corruption_check'])
    .default('index')
    .describe('What to repair; handed to the job as EXECUTOR_REPAIR_TYPE'),
  ...maintenanceParameters,
});

export const repairDatabase = defineAction<z.output<typeof parameters>>({
  name: 'repair_database',
  summary: "Run the team's own job that repairs a database, or checks it for corruption.",
  targets: maintenanceTargets,
  customTargets: [cnpgCluster],
  risk: 'high',
  again: 'acts',
  irreversible: jobIrreversible,
  cooldownClass: 'maintenance',
  parameters,
  refuses: maintenanceJobRefusals,
  permissions: maintenanceJobPermissions,
  examples: [{ target: 'production/statefulset/database', parameters: { repair_type: 'corruption_check' } }],

  plan: (context) => {
    const { job, force, repair_type } = context.parameters;
    return maintenanceJob(context, { action: 'repair_database', job, given: { force, repair_type } });
  },
});
