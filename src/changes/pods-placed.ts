import { conditionOf, isReadyToStay } from '../kubernetes/conditions.ts';
import { describeReference } from '../kubernetes/describe-reference.ts';
import { controllerOf, type KubernetesObject, type ObjectReference } from '../kubernetes/object.ts';
import { textAt } from '../kubernetes/value-at.ts';
import type { ExpectationKind } from './expectation.ts';
import { watchPermissions } from './object-query.ts';

/** As many pods of the workload as it asks for are Ready, and all that it has are on that node, or none is. */
export interface PodsPlaced {
  kind: 'pods_placed';
  /** A Deployment or a StatefulSet, with its UID. */
  owner: ObjectReference;
  /** The owner's label selector, as text. */
  selector: string;
  replicas: number;
  /** Where they all are. */
  on?: string;
  /** Where none of them is. */
  notOn?: string;
}

export function podsPlaced(expectation: Omit<PodsPlaced, 'kind'>): PodsPlaced {
  return { kind: 'pods_placed', ...expectation };
}

export const podsPlacedKind: ExpectationKind<PodsPlaced> = {
  describe: ({ owner, replicas, on, notOn }) =>
    `${replicas} pods of ${describeReference(owner)} are ready, ${on === undefined ? `none of them on ${notOn}` : `all of them on ${on}`}`,
  permissions: () => watchPermissions({ apiVersion: 'v1', kind: 'Pod' }),
  query: ({ owner, selector }) => ({
    apiVersion: 'v1',
    kind: 'Pod',
    labelSelector: selector,
    ...(owner.namespace ? { namespace: owner.namespace } : {}),
  }),
  judge({ owner, replicas, on, notOn }, pods) {
    const own = pods.filter((pod) => belongsTo(owner, pod));
    const misplaced = own.filter((pod) => {
      const node = textAt(pod, ['spec', 'nodeName']);
      return node !== undefined && (on === undefined ? node === notOn : node !== on);
    });
    if (misplaced.length > 0) return { state: 'waiting', detail: `${misplaced.length} pods are still elsewhere` };
    const ready = own.filter(isReadyToStay).length;
    if (ready >= replicas) return { state: 'holds' };
    return { state: 'waiting', detail: `${ready} of ${replicas} pods are ready${unplaced(own)}` };
  },
};

/** The ReplicaSet of the new template is not there yet when the plan is made; its name begins with its Deployment's. */
function belongsTo(owner: ObjectReference, pod: KubernetesObject): boolean {
  const controller = controllerOf(pod);
  if (owner.kind !== 'Deployment') return controller?.uid === owner.uid;
  return controller?.kind === 'ReplicaSet' && controller.name.startsWith(`${owner.name}-`);
}

/** What the scheduler says of the first pod that it finds no place for. */
function unplaced(pods: readonly KubernetesObject[]): string {
  for (const pod of pods) {
    const scheduled = conditionOf(pod, 'PodScheduled');
    const message = textAt(scheduled, ['message']);
    if (textAt(scheduled, ['status']) === 'False' && message) return `: ${message}`;
  }
  return '';
}
