import type { Expectation } from '../../changes/expectation.ts';
import { type Plan, plan } from '../../changes/plan.ts';
import { readyReplicas } from '../../changes/ready-replicas.ts';
import { describeReference } from '../../kubernetes/describe-reference.ts';
import { numberAt } from '../../kubernetes/value-at.ts';
import type { PlanContext } from '../define.ts';

export interface ScaleWorkload {
  replicas: number;
  /** What must hold beside "as many replicas as asked for are ready". */
  expect?: Expectation[];
  warnings?: string[];
}

/** Plans one write of the scale subresource, pinned to what was read: the count before is the undo. */
export async function scaleWorkload(
  { cluster, target }: Pick<PlanContext<unknown>, 'cluster' | 'target'>,
  { replicas, expect = [], warnings = [] }: ScaleWorkload,
): Promise<Plan> {
  const scale = await cluster.get(target, 'scale');
  const before = numberAt(scale, ['spec', 'replicas']);
  const { resourceVersion } = scale.metadata;
  return plan({
    changes: [
      {
        kind: 'patch',
        target,
        subresource: 'scale',
        ...(resourceVersion ? { resourceVersion } : {}),
        edits: [{ path: ['spec', 'replicas'], from: before, to: replicas }],
        summary: `Scale ${describeReference(target)} from ${before} to ${replicas} replicas`,
      },
    ],
    expect: [...expect, readyReplicas(target, replicas)],
    undoExpect: [readyReplicas(target, before)],
    warnings,
    riskReasons: riskReasons(before, replicas),
  });
}

function riskReasons(before: number, replicas: number): string[] {
  if (replicas === 0 && before > 0) return ['No replica will be left: the workload stops serving'];
  if (before > 0 && replicas > before * 3)
    return [`${replicas} is more than three times the ${before} replicas of now`];
  return [];
}
