import { maintenanceScenarios } from './maintenance.ts';

export const scenarios = maintenanceScenarios('repair_database', {
  parameters: { repair_type: 'corruption_check' },
  environment: { EXECUTOR_REPAIR_TYPE: 'corruption_check' },
});
