import { freeStrays } from '../database/free-strays.ts';
import { prune } from '../database/prune.ts';
import { sweepQueue } from '../database/queue.ts';
import type { ExecutorContext } from './context.ts';
import { deleteExpiredSnapshots } from './delete-expired-snapshots.ts';

/** About 100,000 executions in one turn, so that once a minute keeps up with more than 1,000 a second. */
const mostBatches = 100;

/** Lets go of what is too old, in batches until none is left or the turn is over, and of what nothing holds any more. */
export async function letGo(context: ExecutorContext, signal: AbortSignal): Promise<void> {
  const { cluster, database, settings, observer } = context;
  for (let batches = 0; batches < mostBatches && !signal.aborted; batches += 1) {
    if (!(await prune(database, settings.database))) break;
  }
  if (signal.aborted) return;
  const { locks, slots } = await freeStrays(database);
  if (locks.length > 0 || slots > 0) {
    observer.log('warn', 'Freed what was held by executions that are not under way: rows were taken out by hand', {
      locks: locks.join(' '),
      slots,
    });
    // What waits for such an object has nobody else to wake it.
    await sweepQueue(database, cluster.name);
  }
  await deleteExpiredSnapshots(context, signal);
}
