import { describeReference } from '../kubernetes/describe-reference.ts';
import type { ObjectReference } from '../kubernetes/object.ts';
import { textAt, valueAt } from '../kubernetes/value-at.ts';
import type { ExpectationKind } from './expectation.ts';
import { found, queryOf, watchPermissions } from './object-query.ts';

/** The VolumeSnapshot can be restored from. */
export interface SnapshotReady {
  kind: 'snapshot_ready';
  target: ObjectReference;
}

export function snapshotReady(target: ObjectReference): SnapshotReady {
  return { kind: 'snapshot_ready', target };
}

export const snapshotReadyKind: ExpectationKind<SnapshotReady> = {
  describe: ({ target }) => `${describeReference(target)} is ready to use`,
  permissions: ({ target }) => watchPermissions(target),
  query: ({ target }) => queryOf(target),
  judge({ target }, objects) {
    const snapshot = found(target, objects);
    if (!snapshot) return { state: 'failed', detail: `${describeReference(target)} is gone` };
    if (valueAt(snapshot, ['status', 'readyToUse']) === true) return { state: 'holds' };
    const error = valueAt(snapshot, ['status', 'error']);
    if (error) {
      const message = textAt(error, ['message']) ?? 'the driver gives no reason';
      return { state: 'failed', detail: `${describeReference(target)} failed: ${message}` };
    }
    return { state: 'waiting', detail: `${describeReference(target)} is not ready to use yet` };
  },
};
