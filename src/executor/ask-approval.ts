import { type AskAnswer, findApproval, insertApproval } from '../database/approvals.ts';
import type { Execution } from '../database/execution-row.ts';
import type { Taken } from '../database/queue.ts';
import type { ExecutorContext } from './context.ts';
import { evaluationOfPlan } from './evaluation-of-plan.ts';
import { cooldownKey, heldKeys } from './held-objects.ts';
import { newExecution, type RunTerms, unclaimed } from './new-execution.ts';
import { planHash } from './plan-hash.ts';
import type { Prepared } from './prepare.ts';
import { changeRecordsOf, jsonOf } from './record.ts';
import { tellApproval } from './tell-approval.ts';
import { untilTold } from './until-told.ts';

/** As written, or what stands against it. */
export type AskApprovalAnswer = { outcome: 'asked'; execution: Execution } | Exclude<AskAnswer, { outcome: 'asked' }>;

/**
 * Writes an execution that a person has to agree to; it holds nothing until then. With `queued` it is one that was to begin
 * from the queue. `replan`: the question is about the objects as the API server's store has them.
 */
export async function askApproval(
  context: ExecutorContext,
  about: {
    id: string;
    prepared: Prepared;
    terms: RunTerms;
    notBefore: Date | undefined;
    queued?: Taken;
    replan?: (signal: AbortSignal) => Promise<Prepared>;
    signal?: AbortSignal;
  },
): Promise<AskApprovalAnswer> {
  const { cluster, database, settings, newId } = context;
  const { id, terms, notBefore, queued, replan, signal = new AbortController().signal } = about;
  // What was asked for stands, whatever the rules say a moment later: they are asked again once somebody has agreed.
  const prepared = { ...(replan ? await replan(signal) : about.prepared), verdicts: about.prepared.verdicts };
  const hash = planHash(cluster.name, prepared);
  const asks = prepared.verdicts.filter(({ verdict }) => verdict === 'ask').map(({ reason }) => reason);
  const message = `Waits for somebody to agree: ${asks.join('; ')}`;
  const locks = heldKeys(cluster.name, prepared);
  const cools = settings.safety.enableCooldown && settings.actions.cooldownPeriodMs > 0;
  const evaluation = await evaluationOfPlan(context, { prepared, hash, signal });
  const row = {
    ...newExecution(context, id, prepared, terms),
    impact: evaluation['impact'] ?? null,
    status: 'pending_approval' as const,
    holder: null,
    message,
    changes: jsonOf(changeRecordsOf(prepared.plan, cluster.name)),
    warnings: [...prepared.plan.warnings, ...(terms.requestedBy === undefined ? [nobodyCan] : [])],
  };
  const approval = {
    id: newId(),
    planHash: hash,
    evaluation,
    expiresMs: settings.safety.approval.expiresAfterMs,
  };
  const answer = await untilTold(context, id, () =>
    insertApproval(database, {
      row,
      notBefore,
      locks,
      approval,
      message,
      cooldownKey: cools ? cooldownKey(cluster.name, prepared) : undefined,
      idempotencyMs: settings.database.idempotencyMs,
      queuedFence: queued?.fence,
    }),
  );
  if (answer.outcome !== 'asked') return answer;
  const { createdAt } = answer;
  const execution: Execution = {
    ...unclaimed,
    ...row,
    createdAt,
    startedAt: null,
    notBefore: notBefore ?? null,
    lockKeys: locks,
    approvalId: approval.id,
    approvedBy: null,
  };
  const asked = await findApproval(database, approval.id);
  if (asked) await tellApproval(context, asked, execution);
  return { outcome: 'asked', execution };
}

const nobodyCan =
  "Nobody can agree to this, because it is not known who has asked: without authentication two people can't be told apart. It can only be rejected";
