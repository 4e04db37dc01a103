import { Refusal } from '../actions/refusal.ts';
import { findAction } from '../actions/registry.ts';
import { changeKind, changesOf } from '../changes/change-kinds.ts';
import type { Expectation } from '../changes/expectation.ts';
import { plan } from '../changes/plan.ts';
import type { Execution } from '../database/execution-row.ts';
import { assessRisk } from '../impact/assess-risk.ts';
import { describeReference } from '../kubernetes/describe-reference.ts';
import type { ObjectReference } from '../kubernetes/object.ts';
import { readerOf } from '../kubernetes/reader.ts';
import type { ExecutorContext } from './context.ts';
import { answered, type Asking, type ExecuteAnswer } from './execute.ts';
import { refusalOf } from './failure.ts';
import type { RunTerms } from './new-execution.ts';
import { judgePlan } from './judge-plan.ts';
import type { Prepared, PrepareOptions } from './prepare.ts';
import { rebase } from './rebase.ts';
import type { Later } from './run-later.ts';
import { partsOf } from './record.ts';
import { findAllowed, ownKey } from './permit.ts';
import { undoOfExecution } from './undo-of-execution.ts';

export interface RollbackRequest extends Pick<
  RunTerms,
  'requestHash' | 'idempotencyKey' | 'dryRun' | 'timeoutMs' | 'requestedBy'
> {
  /** The execution to undo. */
  of: string;
  /** Left out: carried out at once, and answered at its end. */
  later?: Later | undefined;
  /** Undo although the object was changed since. */
  force: boolean;
  reason: string | undefined;
}

/** Undoes an execution by one of its own, with the same gates. Throws a Refusal where there is nothing to undo. */
export async function rollback(
  context: ExecutorContext,
  asked: RollbackRequest,
  { rights, signal }: Asking,
): Promise<ExecuteAnswer> {
  const id = context.newId();
  const original = await findAllowed(context, rights, asked.of);
  const request = { ...asked, requestedBy: rights.name, idempotencyKey: ownKey(rights, asked.idempotencyKey) };
  const replan = (until: AbortSignal) => prepareRollback(context, original, request, { id, signal: until });
  const terms = { ...request, priority: original.priority, correlationId: original.correlationId ?? undefined };
  const dryRun = request.dryRun || context.settings.actions.dryRun;
  return await answered(context, { ...terms, dryRun }, { id, plan: () => replan(signal), replan, rights, signal });
}

/** Plans the undo of an execution on the objects as they are now, and asks the rules. */
export async function prepareRollback(
  context: ExecutorContext,
  original: Execution,
  request: Pick<RollbackRequest, 'force' | 'reason' | 'dryRun' | 'requestedBy'>,
  { id, resumeOf, signal }: Pick<PrepareOptions, 'id' | 'resumeOf' | 'signal'>,
): Promise<Prepared> {
  const readAtMs = performance.now();
  const plannedAt = context.now();
  const undo = undoOfExecution(original, { historyMs: context.settings.database.historyMs, now: context.now() });
  if (!undo.available)
    throw new Refusal('not_reversible', `Execution ${original.id} can't be rolled back: ${undo.reason}`);
  const { target: stored, risk } = partsOf(original);
  const target: ObjectReference | undefined = stored ? referenceOf(stored) : undefined;
  const reader = readerOf(context.cluster, { signal });
  try {
    const { force } = request;
    const rebased = await context.observer.phase('plan', async () => {
      const stored = changesOf(undo.changes);
      const options = { force, now: plannedAt };
      const changes = await Promise.all(stored.map((change) => rebase(reader, change, options)));
      const left = stored.filter((_, index) => !changes[index]).map((change) => changeKind(change).target(change));
      return plan({
        changes: changes.filter((change) => change !== undefined),
        expect: undo.expectations.filter((expectation) => !left.some(({ uid }) => isAbout(expectation, uid))),
        warnings: left.map((target) => `${describeReference(target)} is left out: it is gone`),
      });
    });
    const parameters = { ...original.parameters, ...(request.force ? { force: true } : {}) };
    const action = findAction(original.action) ?? { name: original.action };
    const judged = await judgePlan(context, {
      reader,
      action,
      execution: { id, action: 'rollback', resumeOf },
      caller: request.requestedBy,
      dryRun: request.dryRun || context.settings.actions.dryRun,
      plan: rebased,
      target,
      parameters,
    });
    return {
      action: 'rollback',
      judgedAs: original.action,
      cooldownClass: 'rollback',
      target,
      parameters: { force: request.force },
      dryRun: false,
      reason: request.reason,
      plan: rebased,
      ...judged,
      readAtMs,
      plannedAt,
      risk: assessRisk(risk.level, { planned: rebased.riskReasons }),
      rollbackOf: original.id,
    };
  } catch (error) {
    throw refusalOf(error, context.now());
  }
}

function isAbout(expectation: Expectation, uid: string | undefined): boolean {
  return 'target' in expectation && expectation.target.uid === uid;
}

function referenceOf({ apiVersion, kind, namespace, name, uid }: ObjectReference): ObjectReference {
  return { apiVersion, kind, ...(namespace ? { namespace } : {}), name, ...(uid ? { uid } : {}) };
}
