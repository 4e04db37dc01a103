import type { ObjectReference } from '../kubernetes/object.ts';
import { describeReference } from '../kubernetes/describe-reference.ts';
import { numberAt } from '../kubernetes/value-at.ts';
import type { ExpectationKind } from './expectation.ts';
import { found, queryOf, watchPermissions } from './object-query.ts';

/** The workload asks for that many replicas, has just that many, and all are Ready. */
export interface ReadyReplicas {
  kind: 'ready_replicas';
  target: ObjectReference;
  replicas: number;
}

export function readyReplicas(target: ObjectReference, replicas: number): ReadyReplicas {
  return { kind: 'ready_replicas', target, replicas };
}

export const readyReplicasKind: ExpectationKind<ReadyReplicas> = {
  describe: ({ target, replicas }) => `${replicas} of ${replicas} replicas of ${describeReference(target)} are ready`,
  permissions: ({ target }) => watchPermissions(target),
  query: ({ target }) => queryOf(target),
  judge({ target, replicas }, objects) {
    const object = found(target, objects);
    if (!object) return { state: 'failed', detail: `${describeReference(target)} is gone` };
    const wanted = numberAt(object, ['spec', 'replicas'], 1);
    if (wanted !== replicas) {
      return { state: 'waiting', detail: `${describeReference(target)} asks for ${wanted} replicas` };
    }
    if (numberAt(object, ['status', 'observedGeneration']) < (object.metadata.generation ?? 0)) {
      return { state: 'waiting', detail: 'the controller has not seen the new number yet' };
    }
    const ready = numberAt(object, ['status', 'readyReplicas']);
    const present = numberAt(object, ['status', 'replicas']);
    if (ready === replicas && present === replicas) return { state: 'holds' };
    return { state: 'waiting', detail: `${ready} of ${replicas} replicas are ready, ${present} exist` };
  },
};
