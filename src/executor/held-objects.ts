import { changeKind, changesOf, onlyMakes } from '../changes/change-kinds.ts';
import { isNoOp } from '../changes/plan.ts';
import type { ObjectReference } from '../kubernetes/object.ts';
import type { Execution } from '../database/execution-row.ts';
import type { Prepared } from './prepare.ts';
import { partsOf } from './record.ts';

/** How an object is named where replicas agree on who holds it: `cluster/namespace/kind/name`. */
export function objectKey(cluster: string, { namespace = '', kind, name }: ObjectReference): string {
  return `${cluster}/${namespace}/${kind}/${name}`;
}

/**
 * The keys of all that must not be changed by anyone else meanwhile: the objects that the plan changes, what it holds
 * beside them, and the target. A plan that only reads, or only makes objects of its own
 * and names none to hold, holds nothing.
 */
export function heldKeys(cluster: string, { plan, target }: Prepared): string[] {
  const changed = changesOf(plan.changes).filter((change) => change.kind !== 'wait' && !onlyMakes(change));
  if (changed.length === 0 && plan.holds.length === 0) return [];
  const held = [
    ...changed.map((change) => changeKind(change).target(change)),
    ...plan.holds,
    ...(target ? [target] : []),
  ];
  return [...new Set(held.map((reference) => objectKey(cluster, reference)))];
}

/**
 * What cools down after the plan: this class of actions on this target, or on the cluster where there is none. A plan
 * that writes nothing spends nothing.
 */
export function cooldownKey(cluster: string, { plan, target, cooldownClass }: Prepared): string | undefined {
  if (plan.changes.length === 0 || isNoOp(plan)) return undefined;
  return `${target ? objectKey(cluster, target) : cluster}#${cooldownClass}`;
}

/** The same for a run that another replica had begun. */
export function cooldownKeyOf(execution: Execution, cooldownClass = execution.action): string {
  const { target } = partsOf(execution);
  return `${target ? objectKey(target.cluster, target) : execution.cluster}#${cooldownClass}`;
}
