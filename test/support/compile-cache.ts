import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Processes that a suite starts by the dozen need not compile the same code each time. */
export const compileCache = { NODE_COMPILE_CACHE: join(tmpdir(), 'executor-service-compile-cache') };
