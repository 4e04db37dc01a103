import { conditionOf } from '../kubernetes/conditions.ts';
import { describeReference } from '../kubernetes/describe-reference.ts';
import type { KubernetesObject, ObjectReference } from '../kubernetes/object.ts';
import { compareQuantities } from '../kubernetes/quantities.ts';
import { textAt } from '../kubernetes/value-at.ts';
import type { ExpectationKind } from './expectation.ts';
import { found, queryOf, watchPermissions } from './object-query.ts';

/**
 * The volume behind a claim has the size asked for. Where its file system grows only when a pod mounts it, the claim
 * says so (`FileSystemResizePending`), and that is as far as it gets by itself.
 */
export interface VolumeExpanded {
  kind: 'volume_expanded';
  target: ObjectReference;
  size: string;
}

export function volumeExpanded(target: ObjectReference, size: string): VolumeExpanded {
  return { kind: 'volume_expanded', target, size };
}

export const volumeExpandedKind: ExpectationKind<VolumeExpanded> = {
  describe: ({ target, size }) =>
    `${describeReference(target)} has a capacity of ${size}, or waits for a pod to grow its file system`,
  permissions: ({ target }) => watchPermissions(target),
  query: ({ target }) => queryOf(target),
  judge({ target, size }, objects) {
    const claim = found(target, objects);
    if (!claim) return { state: 'failed', detail: `${describeReference(target)} is gone` };
    const capacity = textAt(claim, ['status', 'capacity', 'storage']) ?? '0';
    if (compareQuantities(capacity, size) >= 0) return { state: 'holds' };
    const requested = textAt(claim, ['spec', 'resources', 'requests', 'storage']) ?? '0';
    if (compareQuantities(requested, size) >= 0 && isTrue(claim, 'FileSystemResizePending')) return { state: 'holds' };
    const state = textAt(claim, ['status', 'allocatedResourceStatuses', 'storage']) ?? '';
    const why = errorOf(claim);
    if (state.endsWith('Infeasible')) {
      return { state: 'failed', detail: `${describeReference(target)} can't be expanded (${state})${why}` };
    }
    return { state: 'waiting', detail: `${describeReference(target)} has ${capacity} of ${size}${why}` };
  },
};

function isTrue(claim: KubernetesObject, type: string): boolean {
  return textAt(conditionOf(claim, type), ['status']) === 'True';
}

function errorOf(claim: KubernetesObject): string {
  for (const type of ['ControllerResizeError', 'NodeResizeError']) {
    const message = textAt(conditionOf(claim, type), ['message']);
    if (message && isTrue(claim, type)) return `: ${message}`;
  }
  return '';
}
