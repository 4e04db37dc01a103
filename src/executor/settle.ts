import { findAction } from '../actions/registry.ts';
import { changeKind, changesOf } from '../changes/change-kinds.ts';
import { ExpectationFailed, judgeNow, watchUntil } from '../changes/watch-until.ts';
import type { Execution } from '../database/execution-row.ts';
import type { Outcome } from '../database/execution-status.ts';
import { type Orphan, takeOverOrphan } from '../database/lease.ts';
import { requeue } from '../database/queue.ts';
import { isKubernetesError } from '../kubernetes/errors.ts';
import type { Json } from '../json.ts';
import type { ExecutorContext } from './context.ts';
import { cooldownKeyOf } from './held-objects.ts';
import { type ChangeRecord, type ExpectationRecord, partsOf } from './record.ts';
import { readReports } from './read-reports.ts';
import { recordOutcome } from './record-outcome.ts';
import { withFound } from './run.ts';
import { mostAttempts, pauseAfter } from './start-queued.ts';

const shortestLookMs = 1_000;
/** A lease may be shorter than what reading the cluster takes; a look cut short each time would never come to an end. */
const shortestSettlingLeaseMs = 5_000;

/**
 * Takes over one run whose replica has gone silent, reads the cluster change by change, and records what came of it.
 * Nothing is repeated: what is not done stays undone. Gives the promise of its end; undefined: there is none to settle.
 */
export async function settleSilent(
  context: ExecutorContext,
  stop: AbortSignal,
): Promise<{ ended: Promise<void> } | undefined> {
  const { cluster, database, holder, settings, observer } = context;
  const leaseMs = settlingLeaseMs(settings);
  const orphan = await takeOverOrphan(database, { cluster: cluster.name, holder, leaseMs });
  return orphan && { ended: observer.phase('settle', () => settle(context, orphan, stop)) };
}

function settlingLeaseMs({ actions }: ExecutorContext['settings']): number {
  return Math.max(actions.leaseMs, shortestSettlingLeaseMs);
}

async function settle(context: ExecutorContext, orphan: Orphan, stop: AbortSignal): Promise<void> {
  const { plan, changes: records } = partsOf(orphan);
  const leaseMs = settlingLeaseMs(context.settings);
  const { untilDeadlineMs } = orphan;
  // The next replica takes over when this lease ends, so the look ends before it.
  const lookMs = Math.min(Math.max(untilDeadlineMs, shortestLookMs), Math.floor(leaseMs * 0.8));
  const signal = AbortSignal.any([AbortSignal.timeout(lookMs), stop]);
  let unreadable: string | undefined;
  for (const [index, change] of changesOf(plan.changes).entries()) {
    const record = records[index];
    if (!record || record.status === 'applied' || record.status === 'skipped') continue;
    record.status = await statusNow(context, change, signal).catch((error: unknown) => {
      unreadable = error instanceof Error ? error.message : String(error);
      return 'unknown' as const;
    });
  }
  // While the cluster can't be read nothing is decided: the lease runs out again, and the next look follows.
  if (unreadable !== undefined && untilDeadlineMs > -leaseMs * 4) return;
  const verdict = await verdictOf(context, { orphan, records, signal, unreadable });
  // What was done may show only later: verifying goes on to the run's deadline, look after look.
  if (verdict.open && untilDeadlineMs > lookMs) return;
  const { status, message, expectations } = verdict;
  if (status === 'failed' && unreadable === undefined && isToBeUndoneStill(orphan, records)) {
    const waits = { afterMs: pauseAfter(orphan.attempts ?? 1), message: `${message}; it is planned anew` };
    const requeued = await requeue(context.database, orphan, waits);
    context.observer.settled(requeued ? 'queued' : 'taken_over');
    return;
  }
  const found = doneOf(records) > 0 ? await readReports(context.cluster, plan) : {};
  const how = { ...handedOverIn(orphan), by: context.holder, from: 'the cluster', decided: message };
  const recorded = await recordOutcome(context, {
    row: orphan,
    fence: orphan.fence,
    status,
    message,
    error:
      status === 'completed'
        ? null
        : {
            code: 'replica_lost',
            message,
            hint: `Look at the target; then go on with it (POST /api/v1/executions/${encodeURIComponent(orphan.id)}/resume) or roll it back`,
          },
    changes: records,
    expectations,
    progress: { done: doneOf(records), total: records.length, message: '' },
    events: [{ type: 'execution.settled', message }],
    cooldownKey: cooldownKeyOf(orphan, findAction(orphan.action)?.cooldownClass),
    settled: how,
    ...(Object.keys(found).length > 0 ? { result: withFound(plan.result, found) } : {}),
  });
  context.observer.settled(recorded ? status : 'taken_over');
}

/**
 * A scheduled undo of which something is not done yet: nobody waits who could ask for it again, and its planning anew
 * finds what is done already.
 */
function isToBeUndoneStill({ attempts, rollbackOf }: Execution, records: readonly ChangeRecord[]): boolean {
  const open = records.some(({ status }) => status === 'pending' || status === 'failed');
  const untold = records.some(({ status }) => status === 'unknown');
  return rollbackOf !== null && attempts !== null && attempts < mostAttempts && open && !untold;
}

async function statusNow(
  { cluster }: ExecutorContext,
  change: Parameters<typeof changeKind>[0],
  signal: AbortSignal,
): Promise<ChangeRecord['status']> {
  try {
    const doneness = await changeKind(change).isDone(change, { cluster, signal, timeoutMs: shortestLookMs * 5 });
    if (doneness === 'unknown') return 'unknown';
    return doneness === 'done' ? 'applied' : 'pending';
  } catch (error) {
    if (isKubernetesError(error, 'notFound')) return 'pending';
    throw error;
  }
}

async function verdictOf(
  { cluster }: ExecutorContext,
  {
    orphan,
    records,
    signal,
    unreadable,
  }: { orphan: Execution; records: ChangeRecord[]; signal: AbortSignal; unreadable: string | undefined },
): Promise<{ status: Outcome; message: string; expectations: ExpectationRecord[]; open?: boolean }> {
  const { plan, expectations } = partsOf(orphan);
  const done = doneOf(records);
  const untold = records.filter(({ status }) => status === 'unknown');
  // By now the row's holder is this replica; the event `execution.unknown` names the other one.
  const silent = handedOverIn(orphan) ? 'The replica that ran it was stopped' : 'The replica that ran it went silent';
  if (unreadable !== undefined)
    return { status: 'failed', message: `${silent}, and the cluster could not be read: ${unreadable}`, expectations };
  if (untold.length > 0) {
    const what = untold.map(({ summary }) => summary).join('; ');
    return {
      status: 'failed',
      message: `${silent}, and the cluster can't tell whether this was done: ${what}`,
      expectations,
    };
  }
  if (done === 0) return { status: 'failed', message: `${silent}; nothing had been changed`, expectations };
  if (done < records.length) {
    return {
      status: 'failed',
      message: `${silent}; ${done} of ${records.length} changes had taken effect`,
      expectations,
    };
  }
  try {
    await watchUntil(cluster, plan.expectations, { signal });
    const met = expectations.map(({ summary }) => ({ summary, holds: true }));
    return {
      status: 'completed',
      message: `${silent}; every change had taken effect, and is verified`,
      expectations: met,
    };
  } catch (error) {
    const judged = await judgeNow(cluster, plan.expectations, AbortSignal.timeout(shortestLookMs)).catch(
      () => expectations,
    );
    const never = error instanceof ExpectationFailed;
    const why = never ? error.message : 'what should hold afterwards does not hold yet';
    const message = `${silent}; every change had taken effect, but ${why}`;
    return { status: 'failed', message, expectations: judged, open: !never };
  }
}

/** Who has given the run up, where it was not found silent. */
function handedOverIn({ settled }: Pick<Execution, 'settled'>): { handed_over_by: Json } | undefined {
  const by = typeof settled === 'object' && settled !== null && !Array.isArray(settled) && settled['handed_over_by'];
  return by ? { handed_over_by: by } : undefined;
}

function doneOf(records: readonly ChangeRecord[]): number {
  return records.filter(({ status }) => status === 'applied' || status === 'skipped').length;
}
