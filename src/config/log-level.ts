import type { Environment } from './environment.ts';
import type { Fault } from './fault.ts';

/** From the most to the least; a level includes those after it. */
export const logLevels = ['debug', 'info', 'warn', 'error'] as const;
export type LogLevel = (typeof logLevels)[number];

/** The level of LOG_LEVEL, in any case of letters; `info` without one. */
export function logLevel(env: Environment): { level: LogLevel; faults: Fault[] } {
  const given = env.LOG_LEVEL;
  if (!given) return { level: 'info', faults: [] };
  const level = logLevels.find((name) => name === given.toLowerCase());
  if (level) return { level, faults: [] };
  return {
    level: 'info',
    faults: [
      { where: 'LOG_LEVEL', problem: `is ${JSON.stringify(given.slice(0, 80))}`, allowed: logLevels.join(', ') },
    ],
  };
}
