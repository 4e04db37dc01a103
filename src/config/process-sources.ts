import { readFileSync } from 'node:fs';
import type { ConfigSources } from './load-config.ts';

/** This process's environment and files: the one place that reads `process.env`. */
export function processSources(): ConfigSources & { readFile: (path: string) => string | undefined } {
  return { env: process.env, readFile: readIfPresent };
}

function readIfPresent(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
}
