import type { Fetch } from '../../src/kubernetes/transport.ts';
import type { Service } from '../support/service.ts';

/** Counts what goes to the API server, and lets it pass. */
export function countCalls(): { calls: () => number; faults: (send: Fetch) => Fetch } {
  let calls = 0;
  return {
    calls: () => calls,
    faults: (send) => async (url, init) => {
      calls += 1;
      return await send(url, init);
    },
  };
}

/** How many rows each table of the service's record has. */
export async function rowCounts({ sql }: Service): Promise<Record<string, number>> {
  const [rows] = await sql<Record<string, number>[]>`
    select
      (select count(*)::int from execution) as execution,
      (select count(*)::int from execution_event) as execution_event,
      (select count(*)::int from target_lock) as target_lock,
      (select count(*)::int from cooldown) as cooldown,
      (select count(*)::int from slot) as slot`;
  return { ...rows };
}
