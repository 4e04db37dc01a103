import { daemonSetOf } from '../kubernetes/drain-filters.ts';
import { describeReference } from '../kubernetes/describe-reference.ts';
import { type KubernetesObject, referenceTo } from '../kubernetes/object.ts';
import { isMirrorPod } from '../kubernetes/pod-state.ts';
import { listAt, textAt } from '../kubernetes/value-at.ts';
import type { ExpectationKind } from './expectation.ts';
import { watchPermissions } from './object-query.ts';

/** No pod that a drain evicts is left on the node: those that it meant (by UID) are gone, and no other has come. */
export interface NodeEmptied {
  kind: 'node_emptied';
  node: string;
  leaving: string[];
}

export function nodeEmptied(node: string, leaving: string[]): NodeEmptied {
  return { kind: 'node_emptied', node, leaving };
}

export const nodeEmptiedKind: ExpectationKind<NodeEmptied> = {
  describe: ({ node }) => `No pod that can be evicted is left on node ${node}`,
  permissions: () => watchPermissions({ apiVersion: 'v1', kind: 'Pod' }),
  query: ({ node }) => ({ apiVersion: 'v1', kind: 'Pod', fieldSelector: `spec.nodeName=${node}` }),
  judge({ node, leaving }, pods) {
    const meant = new Set(leaving);
    const still = pods.filter(({ metadata }) => meant.has(metadata.uid ?? ''));
    if (still.length > 0) return { state: 'waiting', detail: `${told(still)} still there` };
    const come = pods.filter((pod) => !isMirrorPod(pod) && !daemonSetOf(pod) && !toleratesCordon(pod));
    if (come.length === 0) return { state: 'holds' };
    return {
      state: 'failed',
      detail: `${told(come)} on node ${node} though it was cordoned: see who placed pods there, and drain it again`,
    };
  },
};

const mostTold = 3;

function told(pods: readonly KubernetesObject[]): string {
  const names = pods.slice(0, mostTold).map((pod) => describeReference(referenceTo(pod)));
  const more = pods.length > mostTold ? ` and ${pods.length - mostTold} more` : '';
  return `${names.join(', ')}${more} ${pods.length === 1 ? 'is' : 'are'}`;
}

/** A pod that may be placed on a cordoned node: no drain keeps it away. */
function toleratesCordon(pod: KubernetesObject): boolean {
  return listAt(pod, ['spec', 'tolerations']).some((toleration) => {
    const key = textAt(toleration, ['key']) ?? '';
    const effect = textAt(toleration, ['effect']) ?? '';
    const every = key === '' && textAt(toleration, ['operator']) === 'Exists';
    return (every || key === 'node.kubernetes.io/unschedulable') && (effect === '' || effect === 'NoSchedule');
  });
}
