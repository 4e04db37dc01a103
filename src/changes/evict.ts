import type { ObjectReference } from '../kubernetes/object.ts';
import { describeReference } from '../kubernetes/describe-reference.ts';
import type { ChangeKind } from './change.ts';
import { doneWhenGone, isLeaving } from './delete.ts';

/**
 * Asks the API server to evict that very pod, so that disruption budgets are kept. A budget without headroom answers
 * 429, which the executor waits out; several budgets on one pod answer 500, which no time mends.
 */
export interface EvictChange {
  kind: 'evict';
  target: ObjectReference;
  gracePeriodSeconds?: number;
}

export const evictKind: ChangeKind<EvictChange> = {
  describe: (change) => `Evict ${describeReference(change.target)}`,

  permissions: () => [{ apiGroups: [''], resources: ['pods/eviction'], verbs: ['create'] }],

  async send({ target, gracePeriodSeconds }, { cluster, dryRun, signal, timeoutMs }) {
    await doneWhenGone(
      cluster.evict(target, {
        dryRun,
        signal,
        timeoutMs,
        ...(target.uid ? { uid: target.uid } : {}),
        ...(gracePeriodSeconds === undefined ? {} : { gracePeriodSeconds }),
      }),
    );
    return {};
  },

  isDone: (change, context) => isLeaving(change.target, context),

  values: () => ({}),

  // The pod's controller has made another one by then.
  undo: () => 'not_needed',

  target: (change) => change.target,

  isNoOp: () => false,
};
