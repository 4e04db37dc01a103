import { matrix } from './matrix.ts';

await matrix(2);
