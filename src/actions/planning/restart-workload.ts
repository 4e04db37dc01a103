import { noUndo, type Plan, plan } from '../../changes/plan.ts';
import { type RestartChange, restartedAt, restartEdit, secondOf } from '../../changes/restart.ts';
import { rolledOut } from '../../changes/rollout-complete.ts';
import { describeReference } from '../../kubernetes/describe-reference.ts';
import { type KubernetesObject, type ObjectReference, referenceTo } from '../../kubernetes/object.ts';
import { valueAt } from '../../kubernetes/value-at.ts';
import type { PlanContext } from '../define.ts';
import { partitionWarnings, refuseHaltedRollout } from './rollout-preconditions.ts';

/** What every restart refuses, for the declarations. */
export const restartRefuses = {
  paused: 'a paused Deployment',
  onDelete: 'one whose update strategy is `OnDelete`, because its pods would stay as they are',
};

/** Plans a rolling restart as `kubectl rollout restart` does it: a new time in the annotation of the pod template. */
export async function restartWorkload({ object, target, now }: PlanContext<unknown>): Promise<Plan> {
  refuseHaltedRollout(object, 'a restart');
  const from = valueAt(object, restartedAt);
  const to = secondOf(now);
  const { resourceVersion } = object.metadata;
  return plan({
    changes: [
      {
        kind: 'patch',
        target,
        ...(resourceVersion ? { resourceVersion } : {}),
        edits: [{ path: restartedAt, ...(from === undefined ? {} : { from }), to }],
        summary: summaryOf(target),
      },
    ],
    expect: [rolledOut(target)],
    undo: noUndo("a restart can't be taken back; it leaves the workload as it was"),
    warnings: [
      // The time is written in whole seconds: the same one again would change nothing.
      ...(from === to
        ? [`${describeReference(target)} was restarted in this very second already; this request adds nothing to that`]
        : []),
      ...partitionWarnings(object),
    ],
  });
}

/**
 * A rolling restart that comes after other changes of its plan. It names no resourceVersion: by then the workload's
 * status has moved on, and a conflict would leave the plan half done.
 */
export function restartAmongOthers(
  workload: KubernetesObject,
  now: Date,
): { target: ObjectReference; change: RestartChange; warnings: string[] } {
  refuseHaltedRollout(workload, 'a restart');
  const target = referenceTo(workload);
  return {
    target,
    change: { kind: 'restart', target, edits: [restartEdit(workload, now)], summary: summaryOf(target) },
    warnings: partitionWarnings(workload),
  };
}

function summaryOf(target: ObjectReference): string {
  return `Restart ${describeReference(target)}, pod by pod`;
}
