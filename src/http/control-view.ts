import type { Control } from '../database/controls.ts';

/** A control as every endpoint answers it. */
export function controlView({ scope, stopped, reason, by, at }: Control) {
  return { scope, stopped, reason, by, at: at.toISOString() };
}
