import { isReadyToStay } from '../kubernetes/conditions.ts';
import { controllerOf, type ObjectReference } from '../kubernetes/object.ts';
import { describeReference } from '../kubernetes/describe-reference.ts';
import type { ExpectationKind } from './expectation.ts';
import { watchPermissions } from './object-query.ts';

/** The old pods (by UID) are gone, and their owner has at least `ready` Ready ones in their place and beside it. */
export interface PodsReplaced {
  kind: 'pods_replaced';
  /** The pods' controller, with its UID. */
  owner: ObjectReference;
  /** The owner's label selector, as text. */
  selector: string;
  replaced: string[];
  ready: number;
}

export function podsReplaced(expectation: Omit<PodsReplaced, 'kind'>): PodsReplaced {
  return { kind: 'pods_replaced', ...expectation };
}

export const podsReplacedKind: ExpectationKind<PodsReplaced> = {
  describe: ({ owner, replaced, ready }) =>
    `${replaced.length} old pods of ${describeReference(owner)} are gone and ${ready} pods are ready`,
  permissions: () => watchPermissions({ apiVersion: 'v1', kind: 'Pod' }),
  query: ({ owner, selector }) => ({
    apiVersion: 'v1',
    kind: 'Pod',
    labelSelector: selector,
    ...(owner.namespace ? { namespace: owner.namespace } : {}),
  }),
  judge({ owner, replaced, ready }, pods) {
    const old = pods.filter((pod) => replaced.includes(pod.metadata.uid ?? '')).length;
    if (old > 0) return { state: 'waiting', detail: `${old} of ${replaced.length} old pods are still there` };
    const inPlace = pods.filter((pod) => controllerOf(pod)?.uid === owner.uid && isReadyToStay(pod)).length;
    if (inPlace >= ready) return { state: 'holds' };
    return { state: 'waiting', detail: `${describeReference(owner)} has ${inPlace} of ${ready} ready pods` };
  },
};
