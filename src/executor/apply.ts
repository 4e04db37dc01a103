import { changeKind } from '../changes/change-kinds.ts';
import type { Change, Sent } from '../changes/change.ts';
import type { Plan } from '../changes/plan.ts';
import { isKubernetesError, type KubernetesError } from '../kubernetes/errors.ts';
import { ChangesFailed } from './changes-failed.ts';
import type { ExecutorContext } from './context.ts';
import { type HeldLease, LeaseLost } from './hold-lease.ts';
import { errorRecordOf } from './failure.ts';
import { outlast, pauseAfter } from './outlast.ts';
import type { ChangeRecord } from './record.ts';
import type { TurnAnswer, Turns } from './turns.ts';

export interface ApplyOptions {
  lease: HeldLease;
  /** Ends with the deadline, a cancellation or the lease. */
  signal: AbortSignal;
  /** Ends a little later, with the last look at what the signal has cut off. */
  lastLooks: AbortSignal;
  /** One call to the API server may take that long; the lease lasts longer. */
  timeoutMs: number;
  /** In the order of the plan; their status is kept up here. */
  records: ChangeRecord[];
  /** Who sends when, of what runs side by side, and what waits for what. */
  turns: Turns;
  /** After each change that took effect, or that something has held back. */
  onMoved(record: ChangeRecord): void;
  /** After the steps behind which the plan is to be made anew: the rest of it, and the records of the whole. */
  lookAgain(): Promise<{ plan: Plan; records: ChangeRecord[] }>;
}

/** Somebody has changed the object since it was read: nothing was written, and the plan has to be made anew. */
export class PlanOutdated extends Error {
  constructor(cause: Error) {
    super(cause.message, { cause });
    this.name = 'PlanOutdated';
  }
}

const firstPauseMs = 250;
const longestPauseMs = 5_000;
const mostRetries = 3;

/**
 * Sends the plan's changes, step by step; those of a list side by side. Where some of a list fail, the others are sent
 * to their end first. Gives what each came to. Throws what ended it; the records tell how far it came.
 */
export async function applyPlan(context: ExecutorContext, first: Plan, options: ApplyOptions): Promise<Sent[]> {
  const answers: Sent[] = [];
  let plan = first;
  let { records } = options;
  let next = 0;
  for (let index = 0; index < plan.changes.length; index += 1) {
    const step = plan.changes[index] ?? [];
    const group = (Array.isArray(step) ? step : [step]).map((change) => ({ change, record: records[next++] }));
    const sent = await Promise.allSettled(
      group.map(async ({ change, record }) => {
        if (!record) throw new Error('A change has no record');
        return await applyChange(context, change, record, options);
      }),
    );
    const failures = sent.flatMap((outcome): unknown[] => (outcome.status === 'rejected' ? [outcome.reason] : []));
    if (failures.length > 0) throw whatEnded(failures, group.length);
    for (const outcome of sent) if (outcome.status === 'fulfilled' && outcome.value) answers.push(outcome.value);
    const changed = records.slice(0, next).some(({ status }) => status === 'applied');
    if (plan.lookAgainAfter === index + 1 && changed) ({ plan, records } = await options.lookAgain());
  }
  return answers;
}

/** The lease comes first: without it nothing is recorded. A plan that is outdated is made anew only where it stands alone. */
function whatEnded(failures: readonly unknown[], total: number): unknown {
  const lost = failures.find((failure) => failure instanceof LeaseLost);
  const [first, ...others] = failures;
  return lost ?? (others.length === 0 ? first : new ChangesFailed([first, ...others], total));
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
  const { signal, turns, onMoved } = options;
  try {
    const sent = await sendUntilDone(context, change, record, options);
    record.status = 'applied';
    // An object has its UID only once it is there, and nothing but that very one is to be deleted by an undo.
    const uid = change.kind === 'create' ? sent.object?.metadata.uid : undefined;
    if (uid) record.target.uid = uid;
    turns.over(record);
    onMoved(record);
    return sent;
  } catch (error) {
    // What the end of the run has cut off was not refused: it stays as it was, and so does what held it back.
    if (signal.aborted) throw error;
    turns.over(record);
    if (record.status === 'pending' && !(error instanceof PlanOutdated)) {
      record.status = 'failed';
      record.error = errorRecordOf(error).message;
    }
    throw error;
  }
}

/**
 * One change, repeated only where that is safe: after a refusal that did nothing (a budget, an overload), or after an
 * interruption once the cluster has been read and shows that the change is not there. An API server that is away is
 * outlasted, to the end of the run; one that answers with a fault is asked a few times.
 */
async function sendUntilDone(
  context: ExecutorContext,
  planned: Change,
  record: ChangeRecord,
  options: ApplyOptions,
): Promise<Sent> {
  const { signal, lastLooks, timeoutMs, onMoved, records } = options;
  const kind = changeKind(planned);
  let change = planned;
  let retries = 0;
  for (let pauseMs = firstPauseMs; ; pauseMs = Math.min(pauseMs * 2, longestPauseMs)) {
    try {
      return await sendInTurn(context, change, record, options);
    } catch (error) {
      if (!isKubernetesError(error)) throw error;
      if (error.reason === 'tooManyRequests') {
        onMoved(record);
        continue;
      }
      if (error.reason === 'circuitOpen') {
        // Nothing was sent.
        await pause(pauseMs, signal, error);
        continue;
      }
      // Once something is done the plan can't be made anew. A status that moved on is no reason to leave it half done.
      const begun = records.some(({ status }) => status === 'applied');
      if (error.reason === 'conflict' && begun && retries < mostRetries) {
        const again = await outlast(signal, async () =>
          kind.repin?.(change, { cluster: context.cluster, signal, timeoutMs }),
        );
        if (!again) throw new PlanOutdated(error);
        change = again;
        retries += 1;
        continue;
      }
      if (error.reason === 'conflict' && retries === 0) throw new PlanOutdated(error);
      if (!isKubernetesError(error, 'conflict', 'interrupted', 'unreachable', 'serverError', 'aborted')) throw error;
      // The write may have happened. The record must not say less than the cluster does, so look, even past the deadline.
      if (error.reason !== 'unreachable') record.status = 'unknown';
      const doneness = await outlast(lastLooks, () =>
        kind.isDone(change, { cluster: context.cluster, signal: lastLooks, timeoutMs }),
      );
      if (doneness === 'done') return {};
      if (doneness === 'unknown') throw error;
      record.status = 'pending';
      if (doneness === 'other' || error.reason === 'conflict') throw new PlanOutdated(error);
      if (signal.aborted || (!isGone(error) && retries >= mostRetries)) throw error;
      retries += 1;
      await pause(pauseMs, signal, error);
    }
  }
}

async function sendInTurn(
  { cluster }: ExecutorContext,
  change: Change,
  record: ChangeRecord,
  { lease, signal, timeoutMs, turns }: ApplyOptions,
): Promise<Sent> {
  const kind = changeKind(change);
  // A wait asks for nothing, and may last: it takes no place.
  const leave = change.kind === 'wait' ? undefined : await turns.next(record, kind.heldBackBy?.(change), signal);
  let answer: TurnAnswer = 'unanswered';
  try {
    await lease.ensure(timeoutMs);
    signal.throwIfAborted();
    const sent = await kind.send(change, { cluster, dryRun: false, signal, timeoutMs });
    answer = 'granted';
    return sent;
  } catch (error) {
    if (isKubernetesError(error, 'tooManyRequests')) {
      const by = kind.heldBackBy?.(change, error) ?? 'an overloaded API server';
      answer = { by, retryAfterMs: (error.retryAfterSeconds ?? 0) * 1000 };
    }
    throw error;
  } finally {
    leave?.(answer);
  }
}

/** Nobody answered, or only a gateway did: no reason to think that the next time is like this one. */
function isGone({ status, reason }: KubernetesError): boolean {
  if (status !== undefined) return status > 500;
  return reason === 'unreachable' || reason === 'interrupted';
}

/** Ended early, it is the error that counts. */
async function pause(pauseMs: number, signal: AbortSignal, error: KubernetesError): Promise<void> {
  await pauseAfter(error, pauseMs, signal);
  if (signal.aborted) throw error;
}
