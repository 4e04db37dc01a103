import { maintenanceScenarios } from './maintenance.ts';

export const scenarios = maintenanceScenarios('compact_storage');
