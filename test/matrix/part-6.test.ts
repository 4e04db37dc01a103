import { matrixPart } from './matrix.ts';

await matrixPart(5);
