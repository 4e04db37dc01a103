import type { Plan } from '../changes/plan.ts';
import type { KubernetesObject } from '../kubernetes/object.ts';
import type { ClusterReader } from '../kubernetes/reader.ts';
import { numberAt, textAt, valueAt } from '../kubernetes/value-at.ts';
import { objectsOf, writesTo } from './rule.ts';

/** The workloads whose pods are replaced because their template is changed. */
export async function rolledOut(cluster: ClusterReader, plan: Plan): Promise<KubernetesObject[]> {
  const changes = writesTo(plan).filter(
    (change) =>
      (change.kind === 'patch' || change.kind === 'restart') &&
      ['Deployment', 'StatefulSet'].includes(change.target.kind) &&
      change.edits.some(({ path }) => path[0] === 'spec' && path[1] === 'template'),
  );
  return changes.length === 0 ? [] : await objectsOf(cluster, changes);
}

/** Whether a rollout takes ready pods away before others are ready in their place. */
export function takesPodsFirst(workload: KubernetesObject): boolean {
  const replicas = numberAt(workload, ['spec', 'replicas'], 1);
  if (workload.kind === 'StatefulSet') return textAt(workload, ['spec', 'updateStrategy', 'type']) !== 'OnDelete';
  if (textAt(workload, ['spec', 'strategy', 'type']) === 'Recreate') return true;
  return unavailableOf(valueAt(workload, ['spec', 'strategy', 'rollingUpdate', 'maxUnavailable']), replicas) > 0;
}

/** As the Deployment controller has it: a share is rounded down. */
export function unavailableOf(value: unknown, replicas: number): number {
  if (typeof value === 'number') return value;
  const percent = typeof value === 'string' && value.endsWith('%') ? Number(value.slice(0, -1)) : 25;
  return Math.floor((replicas * percent) / 100);
}
