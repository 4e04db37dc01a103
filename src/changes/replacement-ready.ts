import { isReadyToStay } from '../kubernetes/conditions.ts';
import { describeReference } from '../kubernetes/describe-reference.ts';
import { controllerOf, type ObjectReference } from '../kubernetes/object.ts';
import type { ExpectationKind } from './expectation.ts';
import { watchPermissions } from './object-query.ts';

/** The pod is its owner's no more, which has at least so many pods, and so many Ready ones, beside it. */
export interface ReplacementReady {
  kind: 'replacement_ready';
  /** The pod that was taken away, with its UID. */
  pod: ObjectReference;
  /** Its controller, with its UID. */
  owner: ObjectReference;
  /** The owner's label selector, as text. */
  selector: string;
  pods: number;
  ready: number;
}

export function replacementReady(expectation: Omit<ReplacementReady, 'kind'>): ReplacementReady {
  return { kind: 'replacement_ready', ...expectation };
}

export const replacementReadyKind: ExpectationKind<ReplacementReady> = {
  describe: ({ pod, owner, pods, ready }) =>
    `${describeReference(owner)} has ${pods} pods beside ${describeReference(pod)}, ${ready} of them ready`,
  permissions: () => watchPermissions({ apiVersion: 'v1', kind: 'Pod' }),
  query: ({ owner, selector }) => ({
    apiVersion: 'v1',
    kind: 'Pod',
    labelSelector: selector,
    ...(owner.namespace ? { namespace: owner.namespace } : {}),
  }),
  judge({ pod, owner, pods, ready }, objects) {
    if (objects.some(({ metadata }) => metadata.uid === pod.uid)) {
      return { state: 'waiting', detail: `${describeReference(owner)} still selects ${describeReference(pod)}` };
    }
    const own = objects.filter((other) => controllerOf(other)?.uid === owner.uid && !other.metadata.deletionTimestamp);
    const serving = own.filter(isReadyToStay).length;
    if (own.length >= pods && serving >= ready) return { state: 'holds' };
    return {
      state: 'waiting',
      detail: `${describeReference(owner)} has ${own.length} of ${pods} pods, ${serving} of ${ready} ready`,
    };
  },
};
