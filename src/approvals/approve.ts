import { Refusal } from '../actions/refusal.ts';
import type { Rights } from '../callers/rights.ts';
import { staleApproval } from '../executor/agreed.ts';
import type { ExecutorContext } from '../executor/context.ts';
import { errorRecordOf, refusalOf } from '../executor/failure.ts';
import { cooldownKey } from '../executor/held-objects.ts';
import { planHash } from '../executor/plan-hash.ts';
import type { Prepared } from '../executor/prepare.ts';
import { jsonOf, partsOf } from '../executor/record.ts';
import { planAgain } from '../executor/resume.ts';
import { tellDenial } from '../executor/tell-denial.ts';
import { decided, type DecideRequest, openQuestion } from './decide.ts';
import type { Question } from './find-approval.ts';

/**
 * Agrees to an execution: it is planned anew, and where that is still the plan that was asked about, it goes into the queue
 * and through all gates like any other. Changed meanwhile: the approval is void, and the execution refused. What stands in the
 * way only now (a rule, a cooldown, the cluster) is answered as its refusal, and nothing is decided.
 */
export async function approve(context: ExecutorContext, request: DecideRequest, rights: Rights): Promise<Question> {
  const { settings, cluster, wakeUp } = context;
  const question = await openQuestion(context, request, rights);
  const { approval, execution } = question;
  refuseOwn(question, rights);
  const { id } = execution;
  try {
    const prepared = await planned(context, question);
    if (!prepared || planHash(cluster.name, prepared) !== approval.planHash)
      return await voided(context, question, rights);
    const cools = settings.safety.enableCooldown && settings.actions.cooldownPeriodMs > 0;
    const approved = await decided(context, question, {
      decision: 'approved',
      by: rights.name,
      comment: request.comment,
      message: `Approved by ${rights.name ?? ''}${request.comment === undefined ? '' : `: ${request.comment}`}`,
      cooldownKey: cools ? cooldownKey(cluster.name, prepared) : undefined,
      prepared,
    });
    wakeUp.ring();
    return approved;
  } catch (error) {
    const { dryRun } = execution;
    await tellDenial(context, error, { id, terms: { requestedBy: rights.name, dryRun, correlationId: undefined } });
    throw refusalOf(error, context.now());
  }
}

/** Four eyes: whoever asks for something does not agree to it. Where either is not known, that can't be told. */
function refuseOwn({ approval }: Question, { name }: Rights): void {
  if (name !== undefined && approval.requestedBy !== null && name !== approval.requestedBy) return;
  const known = name !== undefined && approval.requestedBy !== null;
  throw new Refusal(
    'permission_denied',
    known
      ? `${name} has asked for this, and so may not agree to it`
      : `Approval ${approval.id} needs another person than the one who has asked, and without authentication those can't be told apart`,
    {
      hint: known
        ? 'Have somebody else look at it; to take it back, cancel the execution'
        : 'Set up auth in the settings; or say there that nobody is to be asked: safety.approval.from_risk, and the verdict of the rule',
    },
  );
}

/** The plan as it is now; undefined where there can be none any more. */
async function planned(context: ExecutorContext, { execution }: Question): Promise<Prepared | undefined> {
  try {
    return await planAgain(context, execution, {
      id: execution.id,
      resumeOf: execution.resumeOf ?? undefined,
      signal: AbortSignal.timeout(context.settings.kubernetes.timeoutMs * 2),
    });
  } catch (error) {
    const refusal = refusalOf(error, context.now());
    // A rule may let it pass later; what the action itself refuses has changed since it was planned.
    if (refusal instanceof Refusal && !refusal.details.denied && [404, 409, 422].includes(refusal.status))
      return undefined;
    throw refusal;
  }
}

async function voided(context: ExecutorContext, question: Question, rights: Rights): Promise<never> {
  const { execution } = question;
  const target = partsOf(execution).target ?? undefined;
  const refusal = staleApproval({ target, action: execution.action }, execution.id);
  await decided(context, question, {
    decision: 'stale',
    by: rights.name,
    comment: undefined,
    message: refusal.message,
    error: jsonOf(errorRecordOf(refusal)),
  });
  throw refusal;
}
