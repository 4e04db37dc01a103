import { scalingOf } from './scaling.ts';

export const scenarios = scalingOf('StatefulSet');
