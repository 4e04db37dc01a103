import { setTimeout as sleep } from 'node:timers/promises';
import type { Sql } from 'postgres';
import type { ReplicaPlace } from './replica.ts';

/** Comes back when the replica is in the middle of a run, or after this long. */
export type Aim = (replica: ReplicaPlace) => Promise<void>;

const mostMs = 3_500;

/**
 * Most of the time nothing would be cut in two by a process that stops just then. So waits for a run of which a change is
 * done and another is not, or for one that has something to write at all; Postgres may be away meanwhile.
 */
export function createAim(sql: Sql): Aim {
  return async (replica) => {
    const pid = replica.pid();
    const end = performance.now() + mostMs;
    while (performance.now() < end && pid !== undefined) {
      const isLate = performance.now() > end - mostMs / 4;
      const looked = sql<{ halfway: boolean }[]>`
        select bool_or(c.applied > 0 and c.applied < c.total) as halfway
        from execution e, lateral (select count(*) as total, count(*) filter (where change->>'status' = 'applied') as applied
          from jsonb_array_elements(e.changes) change) c
        where e.status = 'running' and c.total > 0 and e.holder like ${`%-${pid}-%`} having count(*) > 0`;
      const rows = await Promise.race([looked.catch(() => []), sleep(300).then(() => [])]);
      if (rows.some(({ halfway }) => halfway || isLate)) return;
      await sleep(15);
    }
  };
}
