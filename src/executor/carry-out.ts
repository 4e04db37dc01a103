import { isNoOp, onlyReads } from '../changes/plan.ts';
import { judgeNow } from '../changes/watch-until.ts';
import type { NewExecution } from '../database/claim.ts';
import type { Execution } from '../database/execution-row.ts';
import type { Taken } from '../database/queue.ts';
import { agreed } from './agreed.ts';
import { type Admission, admit, PlannedTooEarly } from './admit.ts';
import type { ExecutorContext } from './context.ts';
import { dryRun } from './dry-run.ts';
import { newExecution, type RunTerms, unclaimed } from './new-execution.ts';
import type { Prepared } from './prepare.ts';
import { jsonOf } from './record.ts';
import { lookAgainUnderClaim } from './look-again.ts';
import { run } from './run.ts';

/** `ended`: the row as recorded. `elsewhere`: an earlier same request has begun it, or another replica settles it. */
export type CarriedOut =
  | { outcome: 'ended'; execution: Execution }
  | { outcome: 'elsewhere'; id: string; requestHash: string | null };

export interface CarryOutOptions {
  id: string;
  prepared: Prepared;
  terms: RunTerms;
  /** Plans anew where the cluster has moved on between plan and write. */
  replan: (signal: AbortSignal) => Promise<Prepared>;
  signal: AbortSignal;
  /** The row that waited in the queue for this. */
  queued?: Taken;
  /** Is told of the run once it is claimed. Then it is one that may wait as well: it takes nobody's turn (see `admit`). */
  begun?: (execution: Execution) => void;
}

/**
 * Admits what was prepared and carries it out. A dry run, a plan that only reads and one whose effect is there
 * already hold nothing and are written in one commit; anything else is claimed, run and recorded.
 */
export async function carryOut(context: ExecutorContext, options: CarryOutOptions): Promise<CarriedOut> {
  const { observer } = context;
  const { id, terms, replan, signal, queued, begun } = options;
  const agree = (again: Prepared) => agreed(context, again, { dryRun: false, agreement: queued });
  const { prepared, row, over, answer, claimedAtMs } = await admitted(context, options);
  switch (answer.outcome) {
    case 'duplicate':
      return { outcome: 'elsewhere', id: answer.id, requestHash: answer.requestHash };
    case 'recorded': {
      const { outcome: _, ...times } = answer;
      const execution = { ...unclaimed, ...(over ?? row), ...waited(queued), ...times };
      observer.finished(execution);
      return { outcome: 'ended', execution };
    }
    case 'claimed': {
      const { outcome: _, fence, doubtful, ...times } = answer;
      if (doubtful) {
        const { resumeOf, requestedBy } = row;
        await lookAgainUnderClaim(context, {
          id,
          fence,
          prepared,
          agree,
          resumeOf,
          requestedBy,
          queued: queued !== undefined,
          signal,
        });
      }
      const claimed = { ...unclaimed, ...row, ...waited(queued), ...times, fence };
      begun?.(claimed);
      const execution = await run(context, { fence, row: claimed, claimedAtMs }, prepared, { replan, agree });
      return execution ? { outcome: 'ended', execution } : { outcome: 'elsewhere', id, requestHash: terms.requestHash };
    }
  }
}

const mostPlans = 3;

/** Claims what was prepared; planned anew where another execution has come between. */
async function admitted(context: ExecutorContext, options: CarryOutOptions): Promise<Looked & Admission> {
  const { replan, signal, queued, begun } = options;
  for (let attempt = 1, { prepared } = options; ; attempt += 1) {
    const found = await looked(context, { ...options, prepared });
    const { row, over } = found;
    try {
      const admission = await context.observer.phase('claim', () =>
        admit(context, found.prepared, {
          run: over === undefined,
          row: over ?? row,
          message: over?.message ?? startMessage(row),
          queuedFence: queued?.fence,
          polite: begun !== undefined,
        }),
      );
      return { ...found, ...admission };
    } catch (error) {
      if (!(error instanceof PlannedTooEarly) || attempt >= mostPlans) throw error;
      prepared = await replan(signal);
    }
  }
}

interface Looked {
  prepared: Prepared;
  row: NewExecution;
  over: NewExecution | undefined;
}

/** The row of what is to be run, or of what is over already. A dry run is planned anew like a run, where somebody came between. */
async function looked(
  context: ExecutorContext,
  { id, prepared: first, terms, replan, signal, queued }: CarryOutOptions,
): Promise<Looked> {
  let prepared = first;
  for (let attempt = 1; ; attempt += 1) {
    const dryRun = terms.dryRun || prepared.dryRun;
    prepared = agreed(context, prepared, { dryRun, agreement: queued });
    const row = newExecution(context, id, prepared, { ...terms, dryRun });
    const over = await withoutRun(context, { prepared, row, signal });
    if (!over || attempt >= mostPlans || !isOutdated(over)) return { prepared, row, over };
    prepared = await replan(signal);
  }
}

function isOutdated({ error = null }: NewExecution): boolean {
  return typeof error === 'object' && error !== null && !Array.isArray(error) && error['code'] === 'conflict';
}

/** What a claim leaves as the queue knew it. */
function waited(queued: Taken | undefined): Partial<Execution> | undefined {
  if (!queued) return undefined;
  const { reason, notBefore, attempts, dueAt, resumeOf, approvalId, approvedHash, approvedBy } = queued;
  return { reason, notBefore, attempts, dueAt, resumeOf, approvalId, approvedHash, approvedBy };
}

/** The row of a run that is over without holding anything, or undefined where the cluster has to be changed. */
async function withoutRun(
  context: ExecutorContext,
  { prepared, row, signal }: { prepared: Prepared; row: NewExecution; signal: AbortSignal },
): Promise<NewExecution | undefined> {
  const { plan } = prepared;
  if (row.dryRun) {
    const outcome = await context.observer.phase('apply', () => dryRun(context, prepared, signal));
    return {
      ...row,
      status: outcome.status,
      message: outcome.message,
      changes: jsonOf(outcome.changes),
      warnings: [...row.warnings, ...outcome.warnings],
      error: outcome.error ? jsonOf(outcome.error) : null,
    };
  }
  if (onlyReads(plan))
    return { ...row, status: 'completed', message: plan.summary ?? `${prepared.action} is done; nothing was changed` };
  if (!isNoOp(plan)) return undefined;
  // That it was asked for before does not mean that it has come about.
  const expectations = await judgeNow(context.cluster, plan.expectations, signal);
  const unmet = expectations.filter(({ holds }) => !holds).map(({ summary }) => summary);
  const said = [
    plan.warnings.length > 0 ? plan.warnings.join('; ') : 'It is so already',
    'nothing was changed',
    ...(unmet.length > 0 ? [`not yet: ${unmet.join('; ')}`] : []),
  ];
  return { ...row, status: 'completed', message: said.join('; '), expectations: jsonOf(expectations) };
}

function startMessage({ action, kind, namespace, name }: NewExecution): string {
  return name ? `${action} on ${kind} ${namespace ? `${namespace}/` : ''}${name} has begun` : `${action} has begun`;
}
