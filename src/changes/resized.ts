import { conditionOf } from '../kubernetes/conditions.ts';
import { describeReference } from '../kubernetes/describe-reference.ts';
import type { JsonObject, KubernetesObject, ObjectReference } from '../kubernetes/object.ts';
import { compareQuantities } from '../kubernetes/quantities.ts';
import { listAt, numberAt, textAt } from '../kubernetes/value-at.ts';
import type { ExpectationKind } from './expectation.ts';
import { found, queryOf, watchPermissions } from './object-query.ts';

/** The kubelet reports that the container runs with these requests and limits. */
export interface Resized {
  kind: 'resized';
  target: ObjectReference;
  container: string;
  /** `requests` and `limits`, of CPU and memory. */
  resources: JsonObject;
  /** A pod that is gone needs none any more. */
  orGone?: true;
}

export function resized(expectation: Omit<Resized, 'kind'>): Resized {
  return { kind: 'resized', ...expectation };
}

export const resizedKind: ExpectationKind<Resized> = {
  describe: ({ target, container }) => `the container ${container} of ${describeReference(target)} is resized`,
  permissions: ({ target }) => watchPermissions(target),
  query: ({ target }) => queryOf(target),
  judge({ target, container, resources, orGone }, objects) {
    const named = describeReference(target);
    const pod = found(target, objects);
    if (!pod || pod.metadata.deletionTimestamp) {
      if (orGone) return { state: 'holds' };
      return { state: 'failed', detail: `${named} is gone: what takes its place has the sizes of the template` };
    }
    const pending = conditionOf(pod, 'PodResizePending');
    const why = textAt(pending, ['message']) ?? textAt(conditionOf(pod, 'PodResizeInProgress'), ['message']) ?? '';
    if (textAt(pending, ['status']) === 'True' && textAt(pending, ['reason']) === 'Infeasible') {
      return { state: 'failed', detail: `${named} can't be resized on its node: ${why}` };
    }
    const seen = numberAt(pod, ['status', 'observedGeneration'], pod.metadata.generation);
    if (seen >= (pod.metadata.generation ?? 0) && runsWith(pod, container, resources)) return { state: 'holds' };
    return { state: 'waiting', detail: `${named} is not resized yet${why ? `: ${why}` : ''}` };
  },
};

function runsWith(pod: KubernetesObject, container: string, resources: JsonObject): boolean {
  const status = listAt(pod, ['status', 'containerStatuses']).find((one) => textAt(one, ['name']) === container);
  return (['requests', 'limits'] as const).every((side) =>
    (['cpu', 'memory'] as const).every((name) => {
      const wanted = textAt(resources, [side, name]);
      const actual = textAt(status, ['resources', side, name]);
      return wanted === undefined || (actual !== undefined && compareQuantities(actual, wanted) === 0);
    }),
  );
}
