import { setTimeout as sleep } from 'node:timers/promises';
import type { Execution } from '../database/execution-row.ts';
import { isTerminal } from '../database/execution-status.ts';
import { findExecution } from '../database/executions.ts';
import type { ExecutorContext } from './context.ts';

const firstPauseMs = 10;
const longestPauseMs = 250;

/** The execution once it is over, or as it is after that long, or when this replica stops. */
export async function waitForEnd(
  { database, stopping }: ExecutorContext,
  execution: Execution,
  waitMs: number,
): Promise<Execution> {
  const untilMs = performance.now() + waitMs;
  let latest = execution;
  for (let pauseMs = firstPauseMs; !isTerminal(latest.status) && !stopping.aborted;) {
    const leftMs = untilMs - performance.now();
    if (leftMs <= 0) break;
    await sleep(Math.min(pauseMs, leftMs), undefined, { signal: stopping }).catch(() => undefined);
    latest = (await findExecution(database, execution.id)) ?? latest;
    pauseMs = Math.min(pauseMs * 1.5, longestPauseMs);
  }
  return latest;
}
