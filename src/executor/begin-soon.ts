import type { Execution } from '../database/execution-row.ts';
import { TurnOver } from './admit.ts';
import { type CarriedOut, carryOut, type CarryOutOptions } from './carry-out.ts';
import type { ExecutorContext } from './context.ts';

/**
 * Begins at once what nobody waits for, and gives it as it was claimed, or as it ended meanwhile. Undefined: it has to
 * wait, for a place in this replica, a slot, its target or the turn of others; nothing is kept of it then.
 */
export async function beginSoon(
  context: ExecutorContext,
  options: Omit<CarryOutOptions, 'queued' | 'begun'>,
): Promise<CarriedOut | { outcome: 'begun'; execution: Execution } | undefined> {
  const { places, stopping, observer } = context;
  if (!(await places.room()) || stopping.aborted) return undefined;
  const begun = Promise.withResolvers<Execution>();
  let claimed = false;
  const end = carryOut(context, {
    ...options,
    begun(execution) {
      claimed = true;
      begun.resolve(execution);
    },
  });
  places.keep(
    end.then(
      () => undefined,
      (error: unknown) => {
        if (claimed) observer.log('error', `Execution ${options.id} was left in the middle`, { error });
      },
    ),
  );
  try {
    return await Promise.race([end, begun.promise.then((execution) => ({ outcome: 'begun' as const, execution }))]);
  } catch (error) {
    if (!(error instanceof TurnOver)) throw error;
    // Those who ask faster than runs end would make it ever longer.
    if (error.outcome === 'full') await places.slowDown();
    return undefined;
  }
}
