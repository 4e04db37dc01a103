import { type RiskLevel, riskLevels } from '../actions/define.ts';
import { Refusal } from '../actions/refusal.ts';
import { isNoOp, onlyReads } from '../changes/plan.ts';
import type { Execution } from '../database/execution-row.ts';
import { describeReference } from '../kubernetes/describe-reference.ts';
import type { ExecutorContext } from './context.ts';
import { planHash } from './plan-hash.ts';
import type { Prepared } from './prepare.ts';
import type { VerdictRecord } from './record.ts';

/** Nothing is begun before a person agrees. Whoever can ask one does; for anybody else it is a refusal. */
export class ApprovalNeeded extends Refusal {
  readonly prepared: Prepared;

  constructor(prepared: Prepared) {
    const reasons = prepared.verdicts.filter(({ verdict }) => verdict === 'ask').map(({ reason }) => reason);
    super('policy_denied', `A person has to agree: ${reasons.join('; ')}`, {
      hint: 'It was begun on a plan that needed no approval and found another; ask for it anew',
    });
    this.name = 'ApprovalNeeded';
    this.prepared = prepared;
  }
}

/** What is known of somebody's agreement to an execution. */
export type Agreement = Pick<Execution, 'approvalId' | 'approvedHash' | 'approvedBy'>;

/**
 * What was prepared, where nobody has to agree or somebody has agreed to this very plan. Throws ApprovalNeeded where a person
 * is to be asked, and a Refusal where the plan is no longer the one that was agreed to.
 */
export function agreed(
  context: Pick<ExecutorContext, 'settings' | 'cluster'>,
  prepared: Prepared,
  { dryRun, agreement }: { dryRun: boolean; agreement: Agreement | undefined },
): Prepared {
  if (dryRun) return prepared;
  const asking = withQuestions(context, prepared);
  const isAsked = asking.verdicts.some(({ verdict }) => verdict === 'ask');
  if (!agreement?.approvalId) {
    if (isAsked) throw new ApprovalNeeded(asking);
    return prepared;
  }
  // It has come about meanwhile: nothing is done that somebody would have to agree to.
  if (!isAsked && !changes(prepared)) return prepared;
  const { approvedHash, approvedBy } = agreement;
  // A scheduled undo was agreed to with what it undoes; that nobody has changed it since its own plan sees to.
  if (approvedHash !== null && approvedHash !== planHash(context.cluster.name, prepared)) throw staleApproval(prepared);
  return passed(context, prepared, approvedBy);
}

export function staleApproval({ target, action }: Pick<Prepared, 'target' | 'action'>, actionId?: string): Refusal {
  const what = target ? describeReference(target) : action;
  return new Refusal('approval_stale', `${what} is no longer as it was when somebody was asked: the approval is void`, {
    ...(actionId === undefined ? {} : { actionId }),
    hint: 'Nothing was done. Look at what has changed, and ask for it anew',
  });
}

function changes({ plan }: Prepared): boolean {
  return !onlyReads(plan) && !isNoOp(plan);
}

/** With what the settings ask about whatever is changed, beside the questions of the rules. */
export function withQuestions({ settings }: Pick<ExecutorContext, 'settings'>, prepared: Prepared): Prepared {
  const { approval, requireConfirmation } = settings.safety;
  if (!changes(prepared)) return prepared;
  const { level } = prepared.risk;
  const asked: VerdictRecord[] = [];
  if (requireConfirmation) asked.push(question('Every execution has to be confirmed (safety.require_confirmation)'));
  if (reaches(level, approval.fromRisk))
    asked.push(question(`Its risk is ${level}; from ${approval.fromRisk} on somebody has to agree`));
  return { ...prepared, verdicts: [...prepared.verdicts, ...asked] };
}

function question(reason: string): VerdictRecord {
  return { rule: 'approval', verdict: 'ask', reason };
}

function reaches(level: RiskLevel, from: RiskLevel | 'never'): boolean {
  return from !== 'never' && riskLevels.indexOf(level) >= riskLevels.indexOf(from);
}

/** Who agreed has agreed to more targets and executions than are usual, too, where a person is asked about those. */
function passed(
  { settings }: Pick<ExecutorContext, 'settings'>,
  { radius, quotas, ...prepared }: Prepared,
  by: string | null,
): Prepared {
  const { blast_radius, namespace_quota } = settings.safety.rules;
  const allowed = { rule: 'approval', verdict: 'allow', reason: `Approved by ${by ?? 'somebody'}` };
  return {
    ...prepared,
    verdicts: [...prepared.verdicts, allowed],
    quotas: namespace_quota.verdict === 'ask' ? [] : quotas,
    ...(radius && blast_radius.verdict !== 'ask' ? { radius } : {}),
  };
}
