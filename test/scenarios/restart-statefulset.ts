import { restartOf } from './restarting.ts';

export const scenarios = restartOf('StatefulSet');
