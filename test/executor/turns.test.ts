import { expect, test } from 'vitest';
import type { ChangeRecord } from '../../src/executor/record.ts';
import { createTurns } from '../../src/executor/turns.ts';

const budget = 'budget shop/web';
const { signal } = new AbortController();

function eviction(name: string): ChangeRecord {
  return {
    kind: 'evict',
    target: { cluster: 'test', apiVersion: 'v1', kind: 'Pod', namespace: 'shop', name },
    summary: `Evict Pod shop/${name}`,
    status: 'pending',
  };
}

test('an answer that never came does not take back what the budget has refused; a grant does', async () => {
  const turns = createTurns({ random: () => 0 });
  const [first, second] = [eviction('web-1'), eviction('web-2')];
  const ask = async (record: ChangeRecord) => await turns.next(record, budget, signal);

  (await ask(first))({ by: budget, retryAfterMs: 0 });
  const refused = turns.blocked();
  (await ask(first))('unanswered');
  const cutOff = turns.blocked();
  (await ask(second))('granted');
  turns.over(second);
  const granted = turns.blocked();

  expect(refused).toEqual([{ record: first, by: budget }]);
  expect(cutOff).toEqual(refused);
  expect(granted).toEqual([]);
});
