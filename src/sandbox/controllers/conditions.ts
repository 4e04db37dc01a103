import type { Condition } from '../shapes.ts';

/** The condition in its place; the time of transition moves only when the status does. */
export function withCondition(conditions: Condition[] | undefined, next: Condition, now: string): Condition[] {
  const before = conditions?.find((condition) => condition.type === next.type);
  const lastTransitionTime =
    before?.status === next.status && before.lastTransitionTime ? before.lastTransitionTime : now;
  return [...(conditions ?? []).filter((condition) => condition.type !== next.type), { ...next, lastTransitionTime }];
}
