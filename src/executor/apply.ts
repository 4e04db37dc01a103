import { setTimeout as sleep } from 'node:timers/promises';
import { changeKind } from '../changes/change-kinds.ts';
import type { Change, Sent } from '../changes/change.ts';
import type { Plan } from '../changes/plan.ts';
import { isKubernetesError } from '../kubernetes/errors.ts';
import type { ExecutorContext } from './context.ts';
import type { HeldLease } from './hold-lease.ts';
import type { ChangeRecord } from './record.ts';

export interface ApplyOptions {
  lease: HeldLease;
  /** Ends with the deadline, a cancellation or the lease. */
  signal: AbortSignal;
  /** One call to the API server may take that long; the lease lasts longer. */
  timeoutMs: number;
  /** In the order of the plan; their status is kept up here. */
  records: ChangeRecord[];
  /** After each change that took effect. */
  onApplied(record: ChangeRecord): Promise<void>;
  /** While a change waits for something, such as a budget. */
  onWaiting(message: string): void;
}

/** Somebody has changed the object since it was read: nothing was written, and the plan has to be made anew. */
export class PlanOutdated extends Error {
  constructor(cause: Error) {
    super(cause.message, { cause });
    this.name = 'PlanOutdated';
  }
}

const sideBySide = 10;
const firstPauseMs = 250;
const longestPauseMs = 5_000;
const mostRetries = 3;
/** After the deadline, one short look is all that is left. */
const lastLookMs = 900;

/**
 * Sends the plan's changes, step by step. Gives what each came to.
 * Throws what ended it; the records tell how far it came.
 */
export async function applyPlan(context: ExecutorContext, plan: Plan, options: ApplyOptions): Promise<Sent[]> {
  const answers: Sent[] = [];
  let next = 0;
  for (const step of plan.changes) {
    const group = (Array.isArray(step) ? step : [step]).map((change) => ({ change, record: options.records[next++] }));
    for (let start = 0; start < group.length; start += sideBySide) {
      const sent = await Promise.allSettled(
        group.slice(start, start + sideBySide).map(async ({ change, record }) => {
          if (!record) throw new Error('A change has no record');
          return await applyChange(context, change, record, options);
        }),
      );
      for (const outcome of sent) {
        if (outcome.status === 'rejected') throw outcome.reason;
        if (outcome.value) answers.push(outcome.value);
      }
    }
  }
  return answers;
}

async function applyChange(
  context: ExecutorContext,
  change: Change,
  record: ChangeRecord,
  options: ApplyOptions,
): Promise<Sent | undefined> {
  if (changeKind(change).isNoOp(change)) {
    record.status = 'skipped';
    return undefined;
  }
  try {
    const sent = await sendUntilDone(context, change, record, options);
    record.status = 'applied';
    // An object has its UID only once it is there, and nothing but that very one is to be deleted by an undo.
    const uid = change.kind === 'create' ? sent.object?.metadata.uid : undefined;
    if (uid) record.target.uid = uid;
    await options.onApplied(record);
    return sent;
  } catch (error) {
    if (record.status === 'pending' && !(error instanceof PlanOutdated)) record.status = 'failed';
    throw error;
  }
}

/**
 * One change, repeated only where that is safe: after a refusal that did nothing (a budget, an overload), or after an
 * interruption once the cluster has been read and shows that the change is not there.
 */
async function sendUntilDone(
  { cluster }: ExecutorContext,
  change: Change,
  record: ChangeRecord,
  { lease, signal, timeoutMs, onWaiting }: ApplyOptions,
): Promise<Sent> {
  const kind = changeKind(change);
  let retries = 0;
  for (let pauseMs = firstPauseMs; ; pauseMs = Math.min(pauseMs * 2, longestPauseMs)) {
    await lease.ensure(timeoutMs);
    signal.throwIfAborted();
    try {
      return await kind.send(change, { cluster, dryRun: false, signal, timeoutMs });
    } catch (error) {
      if (!isKubernetesError(error)) throw error;
      if (error.reason === 'tooManyRequests') {
        onWaiting(error.message);
        await pause(pauseMs, signal, error);
        continue;
      }
      if (error.reason === 'conflict' && retries === 0) throw new PlanOutdated(error);
      if (!isKubernetesError(error, 'conflict', 'interrupted', 'unreachable', 'serverError', 'aborted')) throw error;
      // The write may have happened. The record must not say less than the cluster does, so look, even past the deadline.
      record.status = 'unknown';
      const lookMs = signal.aborted ? Math.min(timeoutMs, lastLookMs) : timeoutMs;
      const doneness = await kind.isDone(change, { cluster, signal: lease.signal, timeoutMs: lookMs });
      if (doneness === 'done') return {};
      if (doneness === 'unknown') throw error;
      record.status = 'pending';
      if (doneness === 'other' || error.reason === 'conflict') throw new PlanOutdated(error);
      if (signal.aborted || retries >= mostRetries) throw error;
      retries += 1;
      await pause(pauseMs, signal, error);
    }
  }
}

/** The jitter keeps replicas that wait for one budget from asking in step. Ended early, it is the error that counts. */
async function pause(pauseMs: number, signal: AbortSignal, error: Error): Promise<void> {
  try {
    await sleep(pauseMs * (0.75 + Math.random() / 2), undefined, { signal });
  } catch {
    throw error;
  }
}
