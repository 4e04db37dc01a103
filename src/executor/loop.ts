import { setTimeout as sleep } from 'node:timers/promises';
import { DatabaseUnavailable } from '../database/unavailable.ts';
import type { ExecutorContext } from './context.ts';
import { settleOne } from './settle.ts';

const restMs = 1_000;
const mostAtOnce = 20;

/** One bounded step of what every replica does beside its requests: settle runs whose replica has gone silent. */
export async function tick(context: ExecutorContext, signal: AbortSignal): Promise<void> {
  for (let settled = 0; settled < mostAtOnce && !signal.aborted; settled += 1) {
    if (!(await settleOne(context, signal))) return;
  }
}

/** Ticks about once a second until the signal ends. What goes wrong is told, and tried again. */
export async function runLoop(context: ExecutorContext, signal: AbortSignal): Promise<void> {
  let told = false;
  while (!signal.aborted) {
    try {
      await tick(context, signal);
      told = false;
    } catch (error) {
      if (!told && !signal.aborted) {
        const message = error instanceof Error ? error.message : String(error);
        context.observer.log(error instanceof DatabaseUnavailable ? 'warn' : 'error', `The loop failed: ${message}`);
      }
      told = true;
    }
    await sleep(restMs * (0.75 + Math.random() / 2), undefined, { signal }).catch(() => undefined);
  }
}
