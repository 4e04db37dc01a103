import { createHash } from 'node:crypto';
import { canonicalJson } from '../text/canonical-json.ts';
import type { Prepared } from './prepare.ts';

/**
 * What somebody agrees to, as one hash: the action, its target and parameters, all that it would change, from what it was to
 * what it shall be, and what must hold afterwards. The same each time that it is planned for one execution while the cluster
 * stays as it is: a resourceVersion also moves where nothing that was read has changed, and the time of planning is no part
 * of what is agreed to.
 */
export function planHash(cluster: string, prepared: Prepared): string {
  const { action, rollbackOf, target, parameters, plan, plannedAt } = prepared;
  const { changes, expectations, undoAfterMs } = plan;
  const agreed = { cluster, action, rollbackOf, target, parameters, changes, expectations, undoAfterMs };
  return createHash('sha256')
    .update(canonicalJson(steady(agreed, plannedAt)))
    .digest('hex');
}

/** Without versions, nor the times that planning itself has written: those are not before it began. */
function steady(value: unknown, plannedAt: Date): unknown {
  if (typeof value === 'string') return steadyText(value, Math.floor(plannedAt.getTime() / 1000) * 1000);
  if (Array.isArray(value)) return value.map((one) => steady(one, plannedAt));
  if (typeof value !== 'object' || value === null) return value;
  const kept = Object.entries(value).filter(([name, member]) => name !== 'resourceVersion' && member !== undefined);
  return Object.fromEntries(kept.map(([name, member]) => [name, steady(member, plannedAt)]));
}

const times = /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z/g;
const milliseconds = /^\d{13}$/;

function steadyText(text: string, sinceMs: number): string {
  if (milliseconds.test(text)) return Number(text) >= sinceMs ? '(now)' : text;
  return text.replace(times, (time) => (Date.parse(time) >= sinceMs ? '(now)' : time));
}
