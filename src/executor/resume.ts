import { Refusal } from '../actions/refusal.ts';
import { findExecution } from '../database/executions.ts';
import type { ExecutorContext } from './context.ts';
import { answered, type Asking, type ExecuteAnswer } from './execute.ts';
import { findAllowed, ownKey } from './permit.ts';
import { prepare, type Prepared, type PrepareOptions } from './prepare.ts';
import { requestOf } from './queued-request.ts';
import { type RollbackRequest, prepareRollback } from './rollback.ts';
import type { Execution } from '../database/execution-row.ts';

export interface ResumeRequest extends Pick<
  RollbackRequest,
  'requestHash' | 'idempotencyKey' | 'requestedBy' | 'later'
> {
  /** The execution to go on with. */
  of: string;
  reason: string | undefined;
}

/**
 * Goes on with an execution that ended before it was through: by one of its own, with the same gates, planned anew on
 * the cluster as it is now, so that what is done already is not done again. Its own cooldown does not stand in the way.
 * Throws a Refusal where there is nothing to go on with.
 */
export async function resume(
  context: ExecutorContext,
  request: ResumeRequest,
  { rights, signal }: Asking,
): Promise<ExecuteAnswer> {
  const { settings } = context;
  const original = await findAllowed(context, rights, request.of);
  if (!isResumable(original)) throw notResumable(original);
  const id = context.newId();
  const asked = { ...requestOf(original), later: request.later };
  const dryRun = original.dryRun || settings.actions.dryRun;
  const replan = (until: AbortSignal) =>
    planAgain(context, original, { id, resumeOf: original.id, signal: until, reason: request.reason });
  const { requestHash } = request;
  const idempotencyKey = ownKey(rights, request.idempotencyKey);
  const terms = {
    ...asked,
    requestHash,
    idempotencyKey,
    requestedBy: rights.name,
    dryRun,
    resumeOf: original.id,
    actionId: undefined,
  };
  return await answered(context, terms, { id, plan: () => replan(signal), replan, rights, signal });
}

/** Whether an execution ended before it was through. */
export function isResumable({ status, dryRun }: Pick<Execution, 'status' | 'dryRun'>): boolean {
  return !dryRun && (status === 'failed' || status === 'timed_out' || status === 'cancelled');
}

/** Plans what an execution was asked to do, on the objects as they are now. */
export async function planAgain(
  context: ExecutorContext,
  execution: Execution,
  { reason, ...options }: Pick<PrepareOptions, 'id' | 'resumeOf' | 'signal'> & { reason?: string | undefined },
): Promise<Prepared> {
  if (execution.rollbackOf === null) {
    const prepared = await prepare(context, requestOf(execution), options);
    return reason === undefined ? prepared : { ...prepared, reason };
  }
  const original = await findExecution(context.database, execution.rollbackOf);
  if (!original) throw new Refusal('execution_not_found', `There is no execution ${execution.rollbackOf}`);
  const force = execution.parameters['force'] === true;
  const { dryRun } = execution;
  const requestedBy = execution.requestedBy ?? undefined;
  const why = reason ?? execution.reason ?? undefined;
  return await prepareRollback(context, original, { force, dryRun, reason: why, requestedBy }, options);
}

function notResumable({ id, status, dryRun }: Execution): Refusal {
  const why = dryRun ? 'it was a dry run' : `it is ${status}`;
  return new Refusal('conflict', `Execution ${id} can't be resumed: ${why}`, {
    actionId: id,
    hint: 'Only what has failed, timed out or been cancelled is resumed; anything else is asked for anew',
  });
}
