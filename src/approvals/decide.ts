import { Refusal } from '../actions/refusal.ts';
import type { Rights } from '../callers/rights.ts';
import { decideApproval, type Decision, findApproval } from '../database/approvals.ts';
import { findExecution } from '../database/executions.ts';
import { claimRefused } from '../executor/claim-refusals.ts';
import type { ExecutorContext } from '../executor/context.ts';
import { demand, placeOf } from '../executor/permit.ts';
import type { Prepared } from '../executor/prepare.ts';
import { tellApproval } from '../executor/tell-approval.ts';
import { findSeenApproval, type Question } from './find-approval.ts';

/** What somebody decides on, by the hash of the plan that they have seen. */
export interface DecideRequest {
  id: string;
  /** Of If-Match. */
  hashes: readonly string[];
  comment: string | undefined;
}

/** The open question, where the caller may decide it and has seen its plan; else a Refusal. */
export async function openQuestion(
  context: Pick<ExecutorContext, 'database'>,
  { id, hashes }: DecideRequest,
  rights: Rights,
): Promise<Question> {
  const question = await findSeenApproval(context, rights, id);
  const { approval, execution } = question;
  await demand(rights, 'approve', await placeOf(context, execution));
  if (approval.status !== 'pending') throw decidedBefore(question, approval.status, approval.decidedBy);
  if (!hashes.includes(approval.planHash)) {
    throw new Refusal('approval_stale', `If-Match names another plan than approval ${id} is about`, {
      actionId: execution.id,
    });
  }
  return question;
}

/**
 * Writes the decision, once: throws a Refusal where somebody else was first, or it came too late. `prepared` is what is
 * approved, planned anew.
 */
export async function decided(
  context: ExecutorContext,
  question: Question,
  { prepared, ...decision }: Omit<Decision, 'id'> & { prepared?: Prepared },
): Promise<Question> {
  const { database, observer } = context;
  const { approval, execution } = question;
  const answer = await decideApproval(database, { id: approval.id, ...decision });
  switch (answer.outcome) {
    case 'done': {
      const now = await afterwards(context, question);
      if (now.execution.status === 'refused') observer.finished(now.execution);
      await tellApproval(context, now.approval, now.execution);
      return now;
    }
    case 'expired':
      throw decidedBefore(await told(context, question), 'expired', null);
    case 'decided':
      throw decidedBefore(question, answer.status, answer.by);
    case 'cooling':
    case 'undone':
      if (!prepared) throw new Error(`Approval ${approval.id} was decided on without a plan of ${execution.id}`);
      throw claimRefused(context, prepared, answer);
  }
}

/** It has expired by this very attempt, if the loop had not come to it yet. */
async function told(context: ExecutorContext, question: Question): Promise<Question> {
  const now = await afterwards(context, question);
  if (question.approval.status !== now.approval.status) await tellApproval(context, now.approval, now.execution);
  return now;
}

async function afterwards({ database }: Pick<ExecutorContext, 'database'>, before: Question): Promise<Question> {
  const [approval, execution] = await Promise.all([
    findApproval(database, before.approval.id),
    findExecution(database, before.execution.id),
  ]);
  return { approval: approval ?? before.approval, execution: execution ?? before.execution };
}

function decidedBefore({ approval, execution }: Question, status: string, by: string | null): Refusal {
  const actionId = execution.id;
  if (status === 'expired') {
    const until = approval.expiresAt.toISOString();
    return new Refusal('approval_expired', `Approval ${approval.id} was open until ${until}`, { actionId });
  }
  return new Refusal('conflict', `Approval ${approval.id} is ${status} already${by === null ? '' : `, by ${by}`}`, {
    actionId,
    hint: `GET /api/v1/status/${encodeURIComponent(actionId)} shows what has come of it`,
  });
}
