/** How an execution stands. A terminal one never changes again, except that a completed one may be rolled back. */
export const executionStatuses = [
  'pending_approval',
  'queued',
  'running',
  'completed',
  'failed',
  'timed_out',
  'cancelled',
  'refused',
  'unknown',
  'rolled_back',
] as const;

export type ExecutionStatus = (typeof executionStatuses)[number];

/** What ends a run. */
export type Outcome = 'completed' | 'failed' | 'timed_out' | 'cancelled';

/** Whether the run is over. */
export function isTerminal(status: ExecutionStatus): boolean {
  return !['pending_approval', 'queued', 'running', 'unknown'].includes(status);
}
