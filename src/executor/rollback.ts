import { Refusal } from '../actions/refusal.ts';
import { findAction } from '../actions/registry.ts';
import { changesOf } from '../changes/change-kinds.ts';
import type { Change } from '../changes/change.ts';
import { plan } from '../changes/plan.ts';
import { type PatchChange, stands } from '../changes/patch.ts';
import { pathText } from '../changes/field-edit.ts';
import type { Execution } from '../database/execution-row.ts';
import { findExecution } from '../database/executions.ts';
import { describeReference } from '../kubernetes/describe-reference.ts';
import { isKubernetesError } from '../kubernetes/errors.ts';
import type { ObjectReference } from '../kubernetes/object.ts';
import { type ClusterReader, readerOf } from '../kubernetes/reader.ts';
import { valueAt } from '../kubernetes/value-at.ts';
import type { ExecutorContext } from './context.ts';
import { answered, type ExecuteAnswer } from './execute.ts';
import { refusalOf } from './failure.ts';
import type { RunTerms } from './new-execution.ts';
import { judgePlan, type Prepared, riskOf } from './prepare.ts';
import { partsOf } from './record.ts';
import { undoOfExecution } from './undo-of-execution.ts';

export interface RollbackRequest extends Pick<
  RunTerms,
  'requestHash' | 'idempotencyKey' | 'dryRun' | 'timeoutMs' | 'requestedBy'
> {
  /** The execution to undo. */
  of: string;
  /** Undo although the object was changed since. */
  force: boolean;
  reason: string | undefined;
}

/** Undoes an execution by one of its own, with the same gates. Throws a Refusal where there is nothing to undo. */
export async function rollback(
  context: ExecutorContext,
  request: RollbackRequest,
  signal: AbortSignal,
): Promise<ExecuteAnswer> {
  const id = context.newId();
  const original = await findExecution(context.database, request.of).catch((error: unknown) => {
    throw refusalOf(error, context.now());
  });
  if (!original) throw new Refusal('execution_not_found', `There is no execution ${request.of}`);
  const replan = () => prepareRollback(context, original, request, signal);
  const terms = { ...request, priority: original.priority, correlationId: original.correlationId ?? undefined };
  const dryRun = request.dryRun || context.settings.actions.dryRun;
  return await answered(context, { ...terms, dryRun }, { id, plan: replan, signal });
}

/** Plans the undo of an execution on the objects as they are now, and asks the rules. */
export async function prepareRollback(
  context: ExecutorContext,
  original: Execution,
  request: Pick<RollbackRequest, 'force' | 'reason'>,
  signal: AbortSignal,
): Promise<Prepared> {
  const undo = undoOfExecution(original, { historyMs: context.settings.database.historyMs, now: context.now() });
  if (!undo.available)
    throw new Refusal('not_reversible', `Execution ${original.id} can't be rolled back: ${undo.reason}`);
  const { target: stored, risk } = partsOf(original);
  const target: ObjectReference | undefined = stored ? referenceOf(stored) : undefined;
  const reader = readerOf(context.cluster, { signal });
  try {
    const rebased = await context.observer.phase('plan', async () =>
      plan({
        changes: await Promise.all(changesOf(undo.changes).map((change) => rebase(reader, change, request.force))),
        expect: undo.expectations,
      }),
    );
    const parameters = { ...original.parameters, ...(request.force ? { force: true } : {}) };
    const action = findAction(original.action) ?? { name: original.action };
    const verdicts = await judgePlan(context, { reader, action, plan: rebased, target, parameters });
    return {
      action: 'rollback',
      cooldownClass: 'rollback',
      target,
      parameters: { force: request.force },
      dryRun: false,
      reason: request.reason,
      plan: rebased,
      verdicts,
      risk: riskOf(risk.level, rebased),
      rollbackOf: original.id,
    };
  } catch (error) {
    throw refusalOf(error, context.now());
  }
}

/** The undo's change, on the object as it is now. What was changed since is drift, which only `force` overrides. */
async function rebase(reader: ClusterReader, change: Change, force: boolean): Promise<Change> {
  if (change.kind !== 'patch') return change;
  const current = await reader.get(change.target, change.subresource).catch((error: unknown) => {
    if (!isKubernetesError(error, 'notFound')) throw error;
    throw new Refusal('drift_detected', `${describeReference(change.target)} is gone`, { cause: error });
  });
  if (change.target.uid && current.metadata.uid !== change.target.uid) {
    throw new Refusal('drift_detected', `${describeReference(change.target)} is another object of that name now`);
  }
  if (!force && !stands(current, change.edits, 'from') && !stands(current, change.edits, 'to')) {
    throw drifted(change, current);
  }
  const { resourceVersion } = current.metadata;
  const edits = change.edits.map(({ path, to }) => {
    const from = valueAt(current, path);
    return { path, ...(from === undefined ? {} : { from }), ...(to === undefined ? {} : { to }) };
  });
  return { ...change, edits, ...(resourceVersion ? { resourceVersion } : {}) };
}

function drifted(change: PatchChange, current: unknown): Refusal {
  const fields = change.edits.map(({ path, from }) => {
    const now = valueAt(current, path);
    return `${pathText(path)} is ${brief(now)}, not ${brief(from)} as it was left`;
  });
  return new Refusal('drift_detected', `${describeReference(change.target)} was changed since: ${fields.join('; ')}`, {
    hint: 'Look who changed it; with {"force": true} it is set back nevertheless',
  });
}

function brief(value: unknown): string {
  const text = value === undefined ? 'not set' : JSON.stringify(value);
  return text.length > 60 ? `${text.slice(0, 57)}...` : text;
}

function referenceOf({ apiVersion, kind, namespace, name, uid }: ObjectReference): ObjectReference {
  return { apiVersion, kind, ...(namespace ? { namespace } : {}), name, ...(uid ? { uid } : {}) };
}
