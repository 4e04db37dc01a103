import { changesOf } from '../changes/change-kinds.ts';
import type { Plan } from '../changes/plan.ts';
import { judgeNow, watchUntil } from '../changes/watch-until.ts';
import type { NewEvent } from '../database/claim.ts';
import type { Execution } from '../database/execution-row.ts';
import { keepProgress } from '../database/lease.ts';
import { describeReference } from '../kubernetes/describe-reference.ts';
import type { Json, JsonObject } from '../json.ts';
import { applyPlan, PlanOutdated } from './apply.ts';
import { Cancelled } from './cancellations.ts';
import type { ExecutorContext } from './context.ts';
import { type EndOfRun, endingOf } from './ending.ts';
import { endsSoonAfter } from './ends-soon-after.ts';
import { endsAfter, firstOf } from './first-of.ts';
import { giveUp } from './give-up.ts';
import { cooldownKey } from './held-objects.ts';
import { holdLease, LeaseLost } from './hold-lease.ts';
import { keepLive } from './keep-live.ts';
import { planWithUndo } from './plan-with-undo.ts';
import type { Prepared } from './prepare.ts';
import { outlast, pauseAfter } from './outlast.ts';
import { evictionsOf, progressOf } from './progress.ts';
import {
  type ChangeRecord,
  changeRecordsOf,
  type ExpectationRecord,
  expectationRecordsOf,
  jsonOf,
  type ProgressRecord,
} from './record.ts';
import { readReports } from './read-reports.ts';
import { recordOutcome } from './record-outcome.ts';
import { createTurns } from './turns.ts';

export interface Claimed {
  fence: number;
  /** The row as the claim has written it. */
  row: Execution;
  /** `performance.now()` before the claim was sent. */
  claimedAtMs: number;
}

const mostPlans = 3;
/** Who changes the object twice in a row, such as its controller in the middle of a rollout, is given time to come to an end. */
const conflictPauseMs = 250;
/** What is left for looking once a run is cut off: with what a cancellation takes to be noticed, within a second. */
const lastLooksMs = 450;
/** How soon what has moved can be seen from outside. */
const changesSeenMs = 250;
const waitingSeenMs = 1_000;

/**
 * Carries a claimed plan out: apply, verify, record. Gives the row as recorded; undefined where the lease was lost or the
 * run given up, because then the replica that takes over records. `replan` is asked when the cluster has moved on before the first
 * write, and where the plan itself wants a second look; `agree` then throws where nobody has agreed to what was found.
 */
export async function run(
  context: ExecutorContext,
  { fence, row, claimedAtMs }: Claimed,
  first: Prepared,
  { replan, agree }: { replan: (signal: AbortSignal) => Promise<Prepared>; agree: (again: Prepared) => Prepared },
): Promise<Execution | undefined> {
  const { observer, settings, database, cluster } = context;
  const { id } = row;
  let prepared = first;
  let records = changeRecordsOf(first.plan, cluster.name);
  let expectations = expectationRecordsOf(first.plan, false);
  let waitingFor = '';
  const turns = createTurns();
  const events: NewEvent[] = [];
  const blockers = new Set<string>();
  const found: JsonObject = {};
  const progress = (): ProgressRecord => progressOf(records, { blocked: turns.blocked(), waitingFor });
  const result = (): JsonObject => ({ ...found, ...evictionsOf(records, turns.blocked()) });

  const { leaseMs } = settings.actions;
  const lease = holdLease(context, { id, fence, leaseMs, claimedAtMs, progress });
  const deadline = endsAfter(row.timeoutMs);
  const cancellation = context.cancellations.watch(id);
  const ends = firstOf([deadline.signal, cancellation.signal, lease.signal, context.handOver]);
  const { signal } = ends;
  const looks = firstOf([endsSoonAfter(signal, lastLooksMs), lease.signal]);
  const lastLooks = looks.signal;
  // One call must end before the lease does: two thirds of it, so that a fresh lease needs no renewal first.
  const timeoutMs = Math.min(settings.kubernetes.timeoutMs, Math.floor((leaseMs * 2) / 3));
  const live = keepLive(database, {
    id,
    fence,
    events,
    state: () => ({ changes: records, progress: progress(), result: withFound(prepared.plan.result, result()) }),
  });
  const onMoved = (record: ChangeRecord) => {
    if (record.status === 'applied') events.push({ type: 'execution.change_applied', message: record.summary });
    const by = turns.blocked().find((one) => !blockers.has(one.by))?.by;
    if (by !== undefined) events.push({ type: 'execution.waiting', message: progress().message });
    if (by !== undefined) blockers.add(by);
    // A single change is told by the outcome.
    if (records.length > 1 || by !== undefined) live.moved(changesSeenMs);
  };
  const onProgress = (detail: string) => {
    waitingFor = detail;
    live.moved(waitingSeenMs);
  };
  const adopt = async (again: Prepared) => {
    prepared = again;
    expectations = expectationRecordsOf(again.plan, false);
    // Whoever has to settle this run goes by the plan that is stored.
    await outlast(signal, () =>
      keepProgress(database, { id, fence, changes: jsonOf(records), plan: jsonOf(again.plan), events: [] }),
    );
  };
  const lookAgain = async () => {
    const { changes, undo, lookAgainAfter = 0 } = prepared.plan;
    const again = await outlast(signal, () => replan(signal));
    if (again.target?.uid !== prepared.target?.uid) throw outdated(prepared);
    const done = changes.slice(0, lookAgainAfter);
    const plan: Plan = { ...again.plan, changes: [...done, ...again.plan.changes.slice(lookAgainAfter)], undo };
    const before = changesOf(done).length;
    records = [...records.slice(0, before), ...changeRecordsOf(plan, cluster.name).slice(before)];
    await adopt({ ...again, plan });
    return { plan, records };
  };

  let failure: unknown;
  let cutOff: EndOfRun['cutOff'];
  try {
    for (let attempt = 1; ; attempt += 1) {
      try {
        const sent = await observer.phase('apply', () =>
          applyPlan(context, prepared.plan, {
            lease,
            signal,
            lastLooks,
            timeoutMs,
            records,
            turns,
            onMoved,
            lookAgain,
          }),
        );
        for (const one of sent) Object.assign(found, one.result);
        const known = sent.flatMap(({ object }) => object ?? []);
        await observer.phase('verify', () =>
          watchUntil(cluster, prepared.plan.expectations, { signal, known, onProgress }),
        );
        break;
      } catch (error) {
        const untouched = records.every(({ status }) => status === 'pending' || status === 'skipped');
        if (!(error instanceof PlanOutdated) || !untouched || attempt >= mostPlans || signal.aborted) throw error;
        if (attempt > 1) await pauseAfter(error, conflictPauseMs, signal);
        const again = agree(await outlast(signal, () => replan(signal)));
        if (again.target?.uid !== prepared.target?.uid) throw error;
        records = changeRecordsOf(again.plan, cluster.name);
        await adopt(again);
      }
    }
    waitingFor = '';
    expectations = expectationRecordsOf(prepared.plan, true);
  } catch (error) {
    failure = error;
    if (cancellation.signal.aborted) cutOff = cancelledBy(cancellation.signal.reason);
    else if (deadline.signal.aborted)
      cutOff = { status: 'timed_out', code: 'timed_out', message: `Timed out after ${row.timeoutMs / 1000} s` };
    expectations = await lastJudgement(context, { plan: prepared.plan, records, otherwise: expectations, lastLooks });
  } finally {
    cancellation.stop();
    const begun = records.some(({ status }) => status !== 'pending' && status !== 'skipped');
    if (begun && !lease.signal.aborted)
      Object.assign(found, await readReports(context.cluster, prepared.plan, lastLooks));
    lease.stop();
    for (const held of [deadline, ends, looks]) held.release();
    await live.end();
  }
  if (lease.signal.aborted || failure instanceof LeaseLost) return undefined;
  if (failure !== undefined && !cutOff && context.handOver.aborted) {
    const { plan } = prepared;
    const told = withFound(plan.result, result());
    await giveUp(context, { id, fence, plan, records, progress: progress(), result: told, events, waitingFor });
    return undefined;
  }

  const ending = endingOf({ failure, cutOff, plan: prepared.plan, records, blocked: turns.blocked(), waitingFor });
  // As it was claimed: planned anew it may be a no-op, which gives the cooldown back.
  const key = cooldownKey(cluster.name, first);
  const plan = planWithUndo(prepared.plan, records);
  const told = result();
  return await observer.phase('record', () =>
    recordOutcome(context, {
      row,
      // What the claim has stored is not sent again.
      ...(plan === first.plan ? {} : { plan }),
      ...(Object.keys(told).length > 0 ? { result: withFound(plan.result, told) } : {}),
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

/** What holds in the end, for the record of a run that did not get there. */
async function lastJudgement(
  { cluster }: ExecutorContext,
  run: { plan: Plan; records: ChangeRecord[]; otherwise: ExpectationRecord[]; lastLooks: AbortSignal },
): Promise<ExpectationRecord[]> {
  if (!run.records.some(({ status }) => status === 'applied')) return run.otherwise;
  const signal = AbortSignal.any([AbortSignal.timeout(1_000), run.lastLooks]);
  return await judgeNow(cluster, run.plan.expectations, signal).catch(() => run.otherwise);
}

function outdated({ target }: Prepared): PlanOutdated {
  return new PlanOutdated(new Error(`${target ? describeReference(target) : 'The target'} is another object now`));
}

/** The result as the plan has it, and beside it what was found out. */
export function withFound(planned: Json | undefined, found: JsonObject): Json {
  const isObject = typeof planned === 'object' && planned !== null && !Array.isArray(planned);
  return isObject ? { ...planned, ...found } : found;
}

function cancelledBy(reason: unknown): EndOfRun['cutOff'] {
  const code = reason instanceof Cancelled ? reason.code : 'cancelled';
  return { status: 'cancelled', code, message: reason instanceof Error ? reason.message : String(reason) };
}
