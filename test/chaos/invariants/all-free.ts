import type { Evidence, Finding } from '../evidence.ts';

/** Slots and targets are free at the end; a cooldown is only of what has changed something. */
export function allFree({ slotsTaken, targetsHeld, cooldowns, rows, locks }: Evidence): Finding[] {
  const left = [
    ...slotsTaken.map(({ id, execution_id }) => ({
      what: `slot ${id} is taken by ${execution_id}`,
      ids: [execution_id],
    })),
    ...targetsHeld.map(({ key, execution_id }) => ({ what: `${key} is held by ${execution_id}`, ids: [execution_id] })),
  ];
  const unspent = cooldowns
    .filter(({ execution_id }) => rows.get(execution_id)?.changed !== true)
    .map(({ key, execution_id }) => ({
      what: `${key} cools down from ${execution_id}, which changed nothing`,
      ids: [execution_id],
    }));
  return [
    { invariant: 'slots and locks all free', checked: locks.length, broken: left },
    { invariant: 'cooldowns only of what changed something', checked: cooldowns.length, broken: unspent },
  ];
}
