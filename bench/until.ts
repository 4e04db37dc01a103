import { setTimeout as sleep } from 'node:timers/promises';

const longestMs = 120_000;
const everyMs = 50;

/** Waits until it holds; throws after two minutes. */
export async function until(holds: () => Promise<boolean>): Promise<void> {
  const endMs = performance.now() + longestMs;
  while (!(await holds())) {
    if (performance.now() > endMs)
      throw new Error(`What the bench waits for did not come about within ${longestMs / 1000} s`);
    await sleep(everyMs);
  }
}
