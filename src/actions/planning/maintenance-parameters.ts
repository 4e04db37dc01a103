import * as z from 'zod';
import { objectName } from '../parameters.ts';

/** What every maintenance action takes. */
export const maintenanceParameters = {
  job: objectName.optional().describe('The CronJob to run, where several are labelled for the action'),
  force: z.boolean().default(false).describe('Handed to the job as EXECUTOR_FORCE'),
};

/** What such an action acts on. */
export const maintenanceTargets = ['StatefulSet', 'Deployment', 'DaemonSet', 'PersistentVolumeClaim'];
