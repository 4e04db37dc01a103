import type { ChangeStep } from '../../changes/change.ts';
import { noUndo, type Plan, type PlanParts, plan } from '../../changes/plan.ts';
import { rolledOut } from '../../changes/rollout-complete.ts';
import { describeReference } from '../../kubernetes/describe-reference.ts';
import type { KubernetesObject } from '../../kubernetes/object.ts';
import { restartAmongOthers } from './restart-workload.ts';

/**
 * Plans rolling restarts group by group: the workloads of one side by side, and the next group only once the rollouts of
 * the one before are complete. All of them have to be complete in the end.
 */
export function restartInTurn(
  groups: readonly (readonly KubernetesObject[])[],
  { now, warnings = [] }: { now: Date } & Pick<PlanParts, 'warnings'>,
): Plan {
  const restarts = groups.map((group) => group.map((workload) => restartAmongOthers(workload, now)));
  const changes = restarts.flatMap((group, index): ChangeStep[] => {
    const restart = group.map(({ change }) => change);
    const complete = group.map(({ target }) => ({ kind: 'wait' as const, target, until: rolledOut(target) }));
    // The last wait is the expectation.
    return index < restarts.length - 1 ? [restart, complete] : [restart];
  });
  const all = restarts.flat();
  return plan({
    changes,
    expect: all.map(({ target }) => rolledOut(target)),
    undo: noUndo("a restart can't be taken back; it leaves the workloads as they were"),
    warnings: [...warnings, ...all.flatMap((restart) => restart.warnings)],
    result: { restarted: all.map(({ target }) => describeReference(target)) },
  });
}
