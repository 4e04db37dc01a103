import { changeKind } from '../changes/change-kinds.ts';
import type { Plan } from '../changes/plan.ts';
import { describeReference } from '../kubernetes/describe-reference.ts';
import type { ObjectReference } from '../kubernetes/object.ts';
import { formatDuration } from '../text/duration.ts';
import { type Rule, takesEffect, type Verdict, writesTo } from './rule.ts';

/**
 * What is scaled to and fro, or restarted again and again, is not mended by that. As many as the settings say pass in a
 * window, the next does not. An undo that scales back counts as a scaling.
 */
export const oscillation: Rule = {
  name: 'oscillation',
  denies:
    'Scaling a target to and fro more than `scale_flips` times, or restarting it more than `restarts` times, within `window`.',
  codes: ['oscillation_detected'],
  permissions: [],
  onlyRuns: true,

  async judge({ action, execution, plan, target, settings: { oscillation: setting }, history, relyOn }) {
    if (!target || !takesEffect(plan)) return undefined;
    const direction = directionOf(plan, target);
    const restarts = action.cooldownClass === 'restart' && execution.action === action.name;
    if (!direction && !restarts) return undefined;
    const { window: windowMs, scale_flips, restarts: mostRestarts } = setting;
    const past = await history.oscillation(target, windowMs);
    // Whoever ends in between has done one more.
    relyOn(target);
    const within = (most: number, dates: readonly Date[], what: string) =>
      tooOften({ target, most, dates, windowMs, what });
    if (restarts) return within(mostRestarts, past.restarts, 'restarted');
    const turns = past.direction !== undefined && past.direction !== direction;
    return turns ? within(scale_flips, past.flips, 'scaled to and fro') : undefined;
  },
};

function directionOf(plan: Plan, target: ObjectReference): 'up' | 'down' | undefined {
  const by = writesTo(plan)
    .filter((change) => change.kind === 'patch' && isSame(changeKind(change).target(change), target))
    .flatMap((change) => (change.kind === 'patch' ? change.edits : []))
    .filter(({ path }) => path.join('.') === 'spec.replicas')
    .map(({ from, to }) => (typeof from === 'number' && typeof to === 'number' ? to - from : 0))
    .reduce((sum, one) => sum + one, 0);
  return by === 0 ? undefined : by > 0 ? 'up' : 'down';
}

function isSame(one: ObjectReference, other: ObjectReference): boolean {
  return one.kind === other.kind && one.name === other.name && one.namespace === other.namespace;
}

function tooOften({
  target,
  most,
  dates,
  windowMs,
  what,
}: {
  target: ObjectReference;
  most: number;
  dates: readonly Date[];
  windowMs: number;
  what: string;
}): Verdict | undefined {
  // Newest first: once this one is out of the window, there is room for another.
  const leaves = dates[most - 1];
  if (!leaves) return undefined;
  const often = dates.length === 1 ? 'once' : `${dates.length} times`;
  return {
    verdict: 'deny',
    code: 'oscillation_detected',
    reason: `${describeReference(target)} has been ${what} ${often} within ${formatDuration(windowMs)}; ${most} may be`,
    hint: 'Look for what drives it to and fro, and mend that: one more time would not',
    retryAt: new Date(leaves.getTime() + windowMs),
  };
}
