import { Refusal } from '../actions/refusal.ts';
import type { Execution } from '../database/execution-row.ts';
import { isTerminal } from '../database/execution-status.ts';
import { findByKey, findExecution } from '../database/executions.ts';
import { carryOut, type CarryOutOptions } from './carry-out.ts';
import type { ExecutorContext } from './context.ts';
import { refusalOf } from './failure.ts';
import { prepare, type Prepared } from './prepare.ts';
import type { ExecuteRequest } from './request.ts';

/** `replayed`: the answer is that of an earlier same request. `under_way`: it is not over yet. */
export type ExecuteAnswer = { state: 'ended' | 'under_way'; execution: Execution; replayed: boolean };

/** Carries a request out, start to end. Throws a Refusal where nothing was begun. */
export async function execute(
  context: ExecutorContext,
  request: ExecuteRequest,
  signal: AbortSignal,
): Promise<ExecuteAnswer> {
  const id = request.actionId ?? context.newId();
  const dryRun = request.dryRun || context.settings.actions.dryRun;
  const plan = () => prepare(context, request, { id, signal, recalls: !dryRun });
  const replan = (until: AbortSignal) => prepare(context, request, { id, signal: until });
  return await answered(context, { ...request, dryRun }, { id, plan, replan, signal });
}

/** The common way of an execution and a rollback: replay, plan, carry out, answer. */
export async function answered(
  context: ExecutorContext,
  terms: CarryOutOptions['terms'] & Pick<ExecuteRequest, 'actionId'>,
  {
    id,
    plan,
    replan,
    signal,
  }: {
    id: string;
    plan: () => Promise<Prepared>;
    replan: (signal: AbortSignal) => Promise<Prepared>;
    signal: AbortSignal;
  },
): Promise<ExecuteAnswer> {
  const { idempotencyKey, actionId, requestHash } = terms;
  try {
    const earlier = await findByKey(context.database, { key: idempotencyKey, id: actionId });
    if (earlier) return replay(earlier, requestHash);
    const carried = await carryOut(context, { id, prepared: await plan(), terms, replan, signal });
    if (carried.outcome === 'ended') return { state: 'ended', execution: carried.execution, replayed: false };
    const stored = await findExecution(context.database, carried.id);
    if (!stored) throw new Error(`Execution ${carried.id} is not stored, though a claim has found it`);
    return replay(stored, requestHash, carried.id !== id || Boolean(idempotencyKey ?? actionId));
  } catch (error) {
    throw refusalOf(error, context.now());
  }
}

function replay(execution: Execution, requestHash: string, replayed = true): ExecuteAnswer {
  if (execution.requestHash !== requestHash) {
    throw new Refusal(
      'validation_failed',
      `The key of this request was used for another one, execution ${execution.id}`,
      {
        errors: [{ pointer: '', detail: 'differs from the request that first came with this key' }],
        hint: 'Send the same body again, or choose a new key',
        actionId: execution.id,
      },
    );
  }
  return { state: isTerminal(execution.status) ? 'ended' : 'under_way', execution, replayed };
}
