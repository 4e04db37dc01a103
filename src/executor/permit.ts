import type { Place, Rights, Verb } from '../callers/rights.ts';
import { Refusal } from '../actions/refusal.ts';
import type { Execution } from '../database/execution-row.ts';
import { findExecution } from '../database/executions.ts';
import type { ExecutorContext } from './context.ts';
import { refusalOf } from './failure.ts';

/** Refuses what the caller may not do there. Asked before the target is read: the answer is the same whether it exists. */
export async function demand(rights: Rights, verb: Verb, place: Place): Promise<void> {
  if (await rights.may(verb, place)) return;
  const { action = 'all actions', namespace } = place;
  const where = namespace === undefined ? 'the whole cluster' : `namespace ${namespace}`;
  throw new Refusal('permission_denied', `${rights.name ?? 'Nobody'} may not ${verb} ${action} in ${where}`, {
    hint: `Ask whoever gives out the rights of this service for ${verb} on ${action}${namespace === undefined ? ', in all namespaces' : ''}`,
  });
}

/** The execution of that id, where there is one that the caller may see. */
export async function findSeen(
  context: Pick<ExecutorContext, 'database'>,
  rights: Rights,
  id: string,
): Promise<Execution> {
  const execution = await findExecution(context.database, id);
  // Asked also where there is none: how long a no takes must not tell whether there is one.
  const place = execution ? await placeOf(context, execution) : { action: id, namespace: undefined };
  const seen = await rights.may('get', place);
  if (!execution || !seen) throw new Refusal('execution_not_found', `There is no execution ${id}`);
  return execution;
}

/** The same, of one that the caller may act on: cancel it, take it back, go on with it. */
export async function findAllowed(
  context: Pick<ExecutorContext, 'database' | 'now'>,
  rights: Rights,
  id: string,
): Promise<Execution> {
  try {
    const execution = await findSeen(context, rights, id);
    await demand(rights, 'execute', await placeOf(context, execution));
    return execution;
  } catch (error) {
    throw refusalOf(error, context.now());
  }
}

/** What a caller needs rights for, to see an execution or to act on it: a rollback counts as the action that it undoes. */
export async function placeOf(
  { database }: Pick<ExecutorContext, 'database'>,
  { action, namespace, rollbackOf }: Execution,
): Promise<Place> {
  const undone = rollbackOf === null ? undefined : await findExecution(database, rollbackOf);
  return { action: undone?.action ?? action, namespace: namespace ?? undefined };
}

/** Keys are each caller's own: nobody is answered with what somebody else has asked for under the same one. */
export function ownKey({ name }: Rights, key: string | undefined): string | undefined {
  return name === undefined || key === undefined ? key : JSON.stringify([name, key]);
}
