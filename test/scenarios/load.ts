import { existsSync } from 'node:fs';
import type { Scenarios } from './scenario.ts';

/** The scenarios of an action, from the file that is named like its own; undefined where there is none. */
export async function scenariosOf(action: string): Promise<Scenarios | undefined> {
  const file = new URL(`./${action.replaceAll('_', '-')}.ts`, import.meta.url);
  if (!existsSync(file)) return undefined;
  const { scenarios } = (await import(/* @vite-ignore */ file.href)) as { scenarios?: Scenarios };
  return scenarios;
}
