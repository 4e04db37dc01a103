import { noUndo, type Plan, plan } from '../../changes/plan.ts';
import { rolledOut } from '../../changes/rollout-complete.ts';
import { describeReference } from '../../kubernetes/describe-reference.ts';
import { valueAt } from '../../kubernetes/value-at.ts';
import type { PlanContext } from '../define.ts';
import { partitionWarnings, refuseHaltedRollout } from './rollout-preconditions.ts';

const field = ['spec', 'template', 'metadata', 'annotations', 'kubectl.kubernetes.io/restartedAt'];

/** What every restart refuses, for the declarations. */
export const restartRefuses = {
  paused: 'a paused Deployment',
  onDelete: 'one whose update strategy is `OnDelete`, because its pods would stay as they are',
};

/** Plans a rolling restart as `kubectl rollout restart` does it: a new time in the annotation of the pod template. */
export async function restartWorkload({ object, target, now }: PlanContext<unknown>): Promise<Plan> {
  refuseHaltedRollout(object, 'a restart');
  const from = valueAt(object, field);
  const to = `${now.toISOString().slice(0, 19)}Z`;
  const { resourceVersion } = object.metadata;
  return plan({
    changes: [
      {
        kind: 'patch',
        target,
        ...(resourceVersion ? { resourceVersion } : {}),
        edits: [{ path: field, ...(from === undefined ? {} : { from }), to }],
        summary: `Restart ${describeReference(target)}, pod by pod`,
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
