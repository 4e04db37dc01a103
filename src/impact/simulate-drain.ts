import type { Plan } from '../changes/plan.ts';
import { isReadyToStay } from '../kubernetes/conditions.ts';
import { budgetsOf } from '../kubernetes/disruption-budgets.ts';
import type { KubernetesObject, ObjectReference } from '../kubernetes/object.ts';
import type { ClusterReader } from '../kubernetes/reader.ts';
import { numberAt } from '../kubernetes/value-at.ts';
import { objectsOf, writesTo } from '../policy/rule.ts';
import { placeElsewhere } from './place-elsewhere.ts';

/** What a drain of a node would come to, as the cluster stands. Pods as `namespace/name`. */
export interface DrainSimulation {
  evictable: number;
  /** Left where they are: DaemonSets' and mirror pods. */
  stay: string[];
  /** More than their budget can spare now: these wait for it. */
  blocked: { pod: string; by: string }[];
  /** Whether every pod that goes has room on another node. */
  fits_elsewhere: boolean;
  does_not_fit: { pod: string; why: string }[];
  /** What was not looked at. */
  not_modelled: string[];
}

const notModelled = [
  'spreading and affinity between pods',
  'volumes that are bound to a zone',
  'host ports',
  'priorities and preemption',
];

/** Simulates the evictions of a drain's plan: who has to wait for which budget, and whether the rest fits elsewhere. */
export async function simulateDrain(
  cluster: ClusterReader,
  { plan, node }: { plan: Plan; node: ObjectReference },
): Promise<DrainSimulation> {
  const evictions = writesTo(plan).filter((change) => change.kind === 'evict');
  const [going, { items: there }] = await Promise.all([
    objectsOf(cluster, evictions),
    cluster.list({ apiVersion: 'v1', kind: 'Pod', fieldSelector: `spec.nodeName=${node.name}` }),
  ]);
  const leaves = new Set(going.map(({ metadata }) => metadata.uid));
  const stay = there.filter(({ metadata }) => !leaves.has(metadata.uid) && !metadata.deletionTimestamp);
  const [blocked, unplaced] = await Promise.all([
    blockedBy(cluster, going, evictions),
    placeElsewhere(cluster, going, node.name),
  ]);
  return {
    evictable: going.length,
    stay: stay.map(nameOf).toSorted(),
    blocked,
    fits_elsewhere: unplaced.length === 0,
    does_not_fit: unplaced.map(({ pod, why }) => ({ pod: nameOf(pod), why })),
    not_modelled: notModelled,
  };
}

async function blockedBy(
  cluster: ClusterReader,
  pods: readonly KubernetesObject[],
  evictions: readonly { target: ObjectReference; budget?: string }[],
): Promise<DrainSimulation['blocked']> {
  const byBudget = Map.groupBy(
    evictions.filter(({ budget }) => budget !== undefined),
    ({ target, budget = '' }) => `${target.namespace ?? ''}/${budget}`,
  );
  const budgets = await budgetsOf(
    cluster,
    [...byBudget.values()].flatMap(([first]) => first?.target.namespace ?? []),
  );
  return [...byBudget].flatMap(([key, members]) => {
    const budget = budgets.find(({ metadata }) => `${metadata.namespace}/${metadata.name}` === key);
    const spare = budget ? numberAt(budget, ['status', 'disruptionsAllowed'], 0) : 0;
    // A pod that is not ready is no disruption where the budget's healthy ones are enough.
    const disrupting = members.filter(({ target }) =>
      pods.some((pod) => pod.metadata.uid === target.uid && isReadyToStay(pod)),
    );
    return disrupting
      .slice(spare)
      .map(({ target }) => ({ pod: `${target.namespace ?? ''}/${target.name}`, by: `budget ${key}` }));
  });
}

function nameOf({ metadata }: KubernetesObject): string {
  return `${metadata.namespace ?? ''}/${metadata.name}`;
}
