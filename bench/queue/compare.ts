import { setTimeout as sleep } from 'node:timers/promises';
import type { Contender, Terms } from './contender.ts';

/** What one contender did: milliseconds from before the enqueuing, and jobs per second from then to the last end. */
export interface Measured {
  name: string;
  startMs: number[];
  endMs: number[];
  perSecond: number;
}

export interface Load {
  jobs: number;
  /** Either so many enqueue as fast as they can, or one does at this pace. */
  lanes?: number;
  everyMs?: number;
  /** Serial per each of so many keys. */
  keys?: number;
}

const longestMs = 60_000;
/** Jobs of each contender before those that count, so that all run compiled. */
const warmUp = 1_000;

/** Puts a load on a contender, and waits for the last end. */
export async function measured(
  open: (terms: Terms) => Promise<Contender>,
  terms: Omit<Terms, 'told'>,
  { jobs, lanes = 1, everyMs = 0, keys }: Load,
): Promise<Measured> {
  const asked: number[] = [];
  const starts: number[] = [];
  const ends: number[] = [];
  let ended = 0;
  const contender = await open({
    ...terms,
    told: {
      started: (job) => (starts[job] ??= performance.now()),
      finished(job) {
        ends[job] = performance.now();
        ended += 1;
      },
    },
  });
  try {
    const enqueued = async (from: number, to: number, by: { lanes: number; everyMs: number }) => {
      let next = from;
      await Promise.all(
        Array.from({ length: by.lanes }, async () => {
          for (let job = next++; job < to; job = next++) {
            asked[job] = performance.now();
            await contender.enqueue(job, keys === undefined ? undefined : `key-${job % keys}`);
            if (by.everyMs > 0) await sleep(Math.max(0, by.everyMs - (performance.now() - (asked[job] ?? 0))));
          }
        }),
      );
      for (const giveUpAt = performance.now() + longestMs; ended < to; await sleep(10)) {
        if (performance.now() > giveUpAt) throw new Error(`${contender.name}: ${ended} of ${to} ended`);
        if (!contender.ends) continue;
        const known = await contender.ends();
        ended = known.length;
        for (const { job, at } of known) ends[job] = at;
      }
    };
    await enqueued(0, warmUp, { lanes: 8, everyMs: 0 });
    await enqueued(warmUp, warmUp + jobs, { lanes, everyMs });
  } finally {
    await contender.close();
  }
  const since = (times: number[]) => times.map((at, job) => at - (asked[job] ?? Number.NaN)).slice(warmUp);
  return {
    name: contender.name,
    startMs: since(starts),
    endMs: since(ends),
    perSecond: (jobs * 1000) / (Math.max(...ends) - Math.min(...asked.slice(warmUp))),
  };
}
