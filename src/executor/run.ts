import { changesOf } from '../changes/change-kinds.ts';
import type { CreateChange } from '../changes/create.ts';
import { type Plan, undoOf } from '../changes/plan.ts';
import { judgeNow, watchUntil } from '../changes/watch-until.ts';
import type { NewEvent } from '../database/claim.ts';
import type { Execution } from '../database/execution-row.ts';
import type { Outcome } from '../database/execution-status.ts';
import { keepProgress } from '../database/lease.ts';
import type { Json, JsonObject } from '../json.ts';
import { applyPlan, PlanOutdated } from './apply.ts';
import type { ExecutorContext } from './context.ts';
import { errorRecordOf } from './failure.ts';
import { cooldownKey } from './held-objects.ts';
import { type HeldLease, holdLease, LeaseLost } from './hold-lease.ts';
import type { Prepared } from './prepare.ts';
import {
  type ChangeRecord,
  changeRecordsOf,
  type ErrorRecord,
  type ExpectationRecord,
  expectationRecordsOf,
  jsonOf,
  type ProgressRecord,
} from './record.ts';
import { recordOutcome } from './record-outcome.ts';

export interface Claimed {
  fence: number;
  /** The row as the claim has written it. */
  row: Execution;
  /** `performance.now()` before the claim was sent. */
  claimedAtMs: number;
}

const mostPlans = 3;
const lastJudgementMs = 1_000;
const progressEveryMs = 250;

/**
 * Carries a claimed plan out: apply, verify, record. Gives the row as recorded; undefined where the lease was lost,
 * because then the replica that took over records. `replan` is asked when the cluster has moved on before the first write.
 */
export async function run(
  context: ExecutorContext,
  { fence, row, claimedAtMs }: Claimed,
  first: Prepared,
  replan: () => Promise<Prepared>,
): Promise<Execution | undefined> {
  const { observer, settings } = context;
  let prepared = first;
  let records = changeRecordsOf(first.plan, context.cluster.name);
  let expectations = expectationRecordsOf(first.plan, false);
  let waitingFor = '';
  const events: NewEvent[] = [];
  const found: JsonObject = {};
  const progress = (): ProgressRecord => progressOf(records, waitingFor);

  const { leaseMs } = settings.actions;
  const lease = holdLease(context, { id: row.id, fence, leaseMs, claimedAtMs, progress });
  const deadline = AbortSignal.timeout(row.timeoutMs);
  const signal = AbortSignal.any([deadline, lease.signal]);
  // One call must end before the lease does: two thirds of it, so that a fresh lease needs no renewal first.
  const timeoutMs = Math.min(settings.kubernetes.timeoutMs, Math.floor((leaseMs * 2) / 3));
  const keep = keeperOf(context, { id: row.id, fence, lease, events, records: () => records });

  let failure: unknown;
  try {
    for (let attempt = 1; ; attempt += 1) {
      try {
        const sent = await observer.phase('apply', () =>
          applyPlan(context, prepared.plan, {
            lease,
            signal,
            timeoutMs,
            records,
            onApplied: (record) => {
              events.push({ type: 'execution.change_applied', message: record.summary });
              return keep(changesOf(prepared.plan.changes).length > 1);
            },
            onWaiting: (message) => (waitingFor = message),
          }),
        );
        for (const { result } of sent) Object.assign(found, result);
        await observer.phase('verify', () =>
          watchUntil(context.cluster, prepared.plan.expectations, {
            signal,
            known: sent.flatMap(({ object }) => object ?? []),
            onProgress: (detail) => (waitingFor = detail),
          }),
        );
        break;
      } catch (error) {
        const untouched = records.every(({ status }) => status === 'pending' || status === 'skipped');
        if (!(error instanceof PlanOutdated) || !untouched || attempt >= mostPlans || signal.aborted) throw error;
        const again = await replan();
        if (again.target?.uid !== prepared.target?.uid) throw error;
        prepared = again;
        records = changeRecordsOf(again.plan, context.cluster.name);
        expectations = expectationRecordsOf(again.plan, false);
        await keepProgress(context.database, {
          id: row.id,
          fence,
          changes: jsonOf(records),
          plan: jsonOf(again.plan),
          events: [],
        });
      }
    }
    waitingFor = '';
    expectations = expectationRecordsOf(prepared.plan, true);
  } catch (error) {
    failure = error;
    expectations = await lastJudgement(context, prepared.plan, records, expectations);
  } finally {
    lease.stop();
  }
  if (lease.signal.aborted || failure instanceof LeaseLost) return undefined;

  const ending = endingOf({
    failure,
    timedOut: deadline.aborted,
    records,
    plan: prepared.plan,
    waitingFor,
    timeoutMs: row.timeoutMs,
  });
  const key = cooldownKey(context.cluster.name, prepared);
  const plan = planWithUndo(prepared.plan, records);
  return await observer.phase('record', () =>
    recordOutcome(context, {
      row,
      // What the claim has stored is not sent again.
      ...(plan === first.plan ? {} : { plan }),
      ...(Object.keys(found).length > 0 ? { result: withFound(plan.result, found) } : {}),
      fence,
      ...ending,
      changes: records,
      expectations,
      progress: progress(),
      events,
      cooldownKey: key,
    }),
  );
}

/** Writes what a long run has done so far, at most every quarter of a second; the rest goes with the outcome. */
function keeperOf(
  { database }: ExecutorContext,
  {
    id,
    fence,
    lease,
    events,
    records,
  }: { id: string; fence: number; lease: HeldLease; events: NewEvent[]; records: () => ChangeRecord[] },
): (worthIt: boolean) => Promise<void> {
  let keptAtMs = performance.now();
  return async (worthIt) => {
    if (!worthIt || performance.now() - keptAtMs < progressEveryMs || lease.signal.aborted) return;
    keptAtMs = performance.now();
    await keepProgress(database, { id, fence, changes: jsonOf(records()), events: events.splice(0) });
  };
}

interface Ending {
  status: Outcome;
  message: string;
  error: ErrorRecord | null;
}

function endingOf(run: {
  failure: unknown;
  timedOut: boolean;
  records: ChangeRecord[];
  plan: Plan;
  waitingFor: string;
  timeoutMs: number;
}): Ending {
  if (run.failure === undefined)
    return { status: 'completed', message: run.plan.summary ?? doneMessage(run.records), error: null };
  const { done: count, total } = progressOf(run.records, '');
  const partly = `${count} of ${total} changes took effect`;
  if (run.timedOut) {
    const message = `Timed out after ${run.timeoutMs / 1000} s; ${partly}${run.waitingFor ? `; ${run.waitingFor}` : ''}`;
    return { status: 'timed_out', message, error: { code: 'timed_out', message } };
  }
  const error =
    run.failure instanceof PlanOutdated
      ? {
          code: 'conflict',
          message: run.failure.message,
          hint: 'Something else keeps changing the object; find out what, then try again',
        }
      : errorRecordOf(run.failure);
  return { status: 'failed', message: `${error.message} (${partly})`, error };
}

const mostTold = 3;

function doneMessage(records: readonly ChangeRecord[]): string {
  const told = records
    .slice(0, mostTold)
    .map(({ summary }) => summary)
    .join('; ');
  const more = records.length > mostTold ? `; and ${records.length - mostTold} more` : '';
  return `${told}${more}: done and verified`;
}

/** What holds in the end, for the record of a run that did not get there. */
async function lastJudgement(
  { cluster }: ExecutorContext,
  plan: Plan,
  records: ChangeRecord[],
  otherwise: ExpectationRecord[],
): Promise<ExpectationRecord[]> {
  if (!records.some(({ status }) => status === 'applied')) return otherwise;
  return await judgeNow(cluster, plan.expectations, AbortSignal.timeout(lastJudgementMs)).catch(() => otherwise);
}

/** An undo takes back what was done, not what was only planned; and just the objects that were made. */
function planWithUndo(plan: Plan, records: readonly ChangeRecord[]): Plan {
  if ('reason' in plan.undo) return plan;
  const complete = records.every(({ status }) => status === 'applied' || status === 'skipped');
  const applied = changesOf(plan.changes).flatMap((change, index) => {
    const record = records[index];
    return record?.status === 'applied' ? [change.kind === 'create' ? created(change, record) : change] : [];
  });
  if (complete && !applied.some(({ kind }) => kind === 'create')) return plan;
  const undo = undoOf(applied, { inOrder: plan.undoInOrder === true });
  if (!complete || 'reason' in undo) return { ...plan, undo };
  return { ...plan, undo: { changes: undo.changes, expectations: [...plan.undo.expectations] } };
}

/** The creation as it came to be: with the UID that the API server gave. */
function created(change: CreateChange, { target: { uid } }: ChangeRecord): CreateChange {
  if (!uid) return change;
  return { ...change, object: { ...change.object, metadata: { ...change.object.metadata, uid } } };
}

function withFound(planned: Json | undefined, found: JsonObject): Json {
  const isObject = typeof planned === 'object' && planned !== null && !Array.isArray(planned);
  return isObject ? { ...planned, ...found } : found;
}

function progressOf(records: readonly ChangeRecord[], message: string): ProgressRecord {
  const done = records.filter(({ status }) => status === 'applied' || status === 'skipped').length;
  return { done, total: records.length, message };
}
