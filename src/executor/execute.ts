import { Refusal } from '../actions/refusal.ts';
import type { Execution } from '../database/execution-row.ts';
import { isTerminal } from '../database/execution-status.ts';
import { findByKey, findExecution } from '../database/executions.ts';
import type { Rights } from '../callers/rights.ts';
import { agreed, ApprovalNeeded } from './agreed.ts';
import { askApproval } from './ask-approval.ts';
import { claimRefused } from './claim-refusals.ts';
import { beginSoon } from './begin-soon.ts';
import { carryOut, type CarryOutOptions } from './carry-out.ts';
import type { ExecutorContext } from './context.ts';
import { refusalOf } from './failure.ts';
import { placeAskedFor } from './place-asked-for.ts';
import { prepare, type Prepared } from './prepare.ts';
import { runLater } from './run-later.ts';
import { demand, ownKey, placeOf } from './permit.ts';
import { waitForEnd } from './wait-for-end.ts';
import type { ExecuteRequest } from './request.ts';
import { tellDenial } from './tell-denial.ts';

/** `replayed`: the answer is that of an earlier same request. `under_way`: it is not over yet. */
export type ExecuteAnswer = { state: 'ended' | 'under_way'; execution: Execution; replayed: boolean };

/** Who asks, and until when they wait. */
export interface Asking {
  rights: Rights;
  signal: AbortSignal;
}

/** Carries a request out, start to end, or puts it into the queue. Throws a Refusal where nothing was begun. */
export async function execute(
  context: ExecutorContext,
  asked: ExecuteRequest,
  { rights, signal }: Asking,
): Promise<ExecuteAnswer> {
  await demand(rights, 'execute', placeAskedFor(asked));
  const request = {
    ...asked,
    requestedBy: rights.name,
    idempotencyKey: ownKey(rights, asked.idempotencyKey),
  };
  const id = request.actionId ?? context.newId();
  const dryRun = request.dryRun || context.settings.actions.dryRun;
  const plan = () =>
    prepare(context, request, { id, signal, recalls: !dryRun && !request.later, ahead: Boolean(request.later) });
  const replan = (until: AbortSignal) => prepare(context, request, { id, signal: until });
  return await answered(context, { ...request, dryRun }, { id, plan, replan, rights, signal });
}

/** The common way of an execution, a rollback and a resumption: replay, plan, carry out or enqueue, answer. */
export async function answered(
  context: ExecutorContext,
  terms: RequestTerms,
  {
    id,
    plan,
    replan,
    rights,
    signal,
  }: {
    id: string;
    plan: () => Promise<Prepared>;
    replan: (signal: AbortSignal) => Promise<Prepared>;
  } & Asking,
): Promise<ExecuteAnswer> {
  const { idempotencyKey, actionId, later } = terms;
  try {
    const earlier = await findByKey(context.database, {
      key: idempotencyKey,
      id: actionId,
      idempotencyMs: context.settings.database.idempotencyMs,
    });
    if (earlier) await refuseUnseen(context, rights, earlier);
    if (earlier) return await awaited(context, replay(earlier, terms), later);
    const prepared = await plan();
    agreed(context, prepared, { dryRun: terms.dryRun || prepared.dryRun, agreement: undefined });
    if (later) {
      const answer = await withoutWaiting(context, { id, prepared, terms, replan, signal, rights }, later.notBefore);
      return await awaited(context, answer, later);
    }
    const carried = await carryOut(context, { id, prepared, terms, replan, signal });
    if (carried.outcome === 'ended') return { state: 'ended', execution: carried.execution, replayed: false };
    const stored = await storedAs(context, carried.id, rights);
    return replay(stored, terms, carried.id !== id || Boolean(idempotencyKey ?? actionId));
  } catch (error) {
    if (error instanceof ApprovalNeeded) {
      return await pending(context, { id, terms, replan, signal, rights, prepared: error.prepared });
    }
    throw await denied(context, error, { id, terms });
  }
}

/** Asks a person, and answers as for one that waits; the caller may wait as well. */
async function pending(
  context: ExecutorContext,
  { id, terms, ...options }: Omit<CarryOutOptions, 'queued' | 'begun' | 'terms'> & Asking & { terms: RequestTerms },
): Promise<ExecuteAnswer> {
  const { later } = terms;
  try {
    const answer = await askApproval(context, { id, terms, ...options, notBefore: later?.notBefore });
    switch (answer.outcome) {
      case 'cooling':
      case 'undone':
        throw claimRefused(context, options.prepared, answer);
      case 'duplicate':
        return await awaited(context, replay(await storedAs(context, answer.id, options.rights), terms), later);
      case 'asked':
        return await awaited(context, underWay(answer.execution), later);
    }
  } catch (error) {
    throw await denied(context, error, { id, terms });
  }
}

/** What the caller is told; the audit has been told before. */
async function denied(
  context: ExecutorContext,
  error: unknown,
  about: { id: string; terms: RequestTerms },
): Promise<unknown> {
  try {
    await tellDenial(context, error, about);
    return refusalOf(error, context.now());
  } catch (failure) {
    return refusalOf(failure, context.now());
  }
}

type RequestTerms = CarryOutOptions['terms'] & Pick<ExecuteRequest, 'actionId' | 'later'>;

/** Begins what may begin at once, and lets the rest wait in the queue. */
async function withoutWaiting(
  context: ExecutorContext,
  options: Omit<CarryOutOptions, 'queued' | 'begun'> & Asking,
  notBefore: Date | undefined,
): Promise<ExecuteAnswer> {
  const { id, prepared, terms } = options;
  const lasts = prepared.unplanned || prepared.dryRun || terms.dryRun;
  const soon = notBefore || lasts ? undefined : await beginSoon(context, options);
  const answer = soon ?? (await runLater(context, { id, prepared, terms, notBefore }));
  switch (answer.outcome) {
    case 'cooling':
    case 'undone':
      throw claimRefused(context, prepared, answer);
    case 'elsewhere':
    case 'duplicate':
      return replay(await storedAs(context, answer.id, options.rights), terms, answer.id !== id);
    default:
      return underWay(answer.execution);
  }
}

async function storedAs(context: ExecutorContext, id: string, rights: Rights): Promise<Execution> {
  const stored = await findExecution(context.database, id);
  if (!stored) throw new Error(`Execution ${id} is not stored, though the database has answered with it`);
  await refuseUnseen(context, rights, stored);
  return stored;
}

/** An action_id is chosen by callers, and belongs to one execution: whoever may not see that is not answered with it. */
async function refuseUnseen(context: ExecutorContext, rights: Rights, { id, ...execution }: Execution): Promise<void> {
  if (rights.name !== undefined && execution.requestedBy === rights.name) return;
  if (await rights.may('get', await placeOf(context, { id, ...execution }))) return;
  throw new Refusal('validation_failed', `The action_id ${id} is taken`, {
    errors: [{ pointer: '/action_id', detail: 'is taken' }],
    hint: 'Choose a new action_id',
  });
}

/** The same answer a little later, where the caller waits for the end. */
async function awaited(
  context: ExecutorContext,
  answer: ExecuteAnswer,
  later: ExecuteRequest['later'],
): Promise<ExecuteAnswer> {
  if (!later || later.waitMs === 0 || answer.state === 'ended') return answer;
  return underWay(await waitForEnd(context, answer.execution, later.waitMs), answer.replayed);
}

function underWay(execution: Execution, replayed = false): ExecuteAnswer {
  return { state: isTerminal(execution.status) ? 'ended' : 'under_way', execution, replayed };
}

function replay(
  execution: Execution,
  { requestHash, actionId }: Pick<ExecuteRequest, 'requestHash' | 'actionId'>,
  replayed = true,
): ExecuteAnswer {
  if (execution.requestHash === requestHash) return underWay(execution, replayed);
  const { id } = execution;
  // An id stays its execution's for as long as that is kept; a key can be used again.
  throw id === actionId
    ? new Refusal('validation_failed', `The action_id ${id} belongs to an execution that was asked for otherwise`, {
        errors: [{ pointer: '/action_id', detail: 'is that of an execution with another request' }],
        hint: `Send the same body again to have its answer, or choose a new action_id; GET /api/v1/status/${encodeURIComponent(id)} shows the execution`,
        actionId: id,
      })
    : new Refusal('validation_failed', `The key of this request was used for another one, execution ${id}`, {
        errors: [{ pointer: '', detail: 'differs from the request that first came with this key' }],
        hint: 'Send the same body again, or choose a new key',
        actionId: id,
      });
}
