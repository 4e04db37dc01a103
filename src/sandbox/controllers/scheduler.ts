import { storageOf } from '../kinds/kind.ts';
import { nodes } from '../kinds/node.ts';
import { pods } from '../kinds/pod.ts';
import { as, copy } from '../resource.ts';
import type { Node, Pod } from '../shapes.ts';
import type { Change } from '../store/store.ts';
import { withCondition } from './conditions.ts';
import { type ControllerFactory, keyOf, splitKey } from './controller.ts';
import { misfit } from './node-fit.ts';
import { POD_STORAGE, isActive, writeStatus } from './pods.ts';

const NODE_STORAGE = storageOf(nodes);
const COMPONENT = 'default-scheduler';

/** Places pods on the node that fits them and has the fewest; says on the pod why there is none. */
export const scheduler: ControllerFactory = ({ store, events }) => {
  return { name: COMPONENT, keys, reconcile };

  function keys(change: Change): string[] {
    if (change.storage === POD_STORAGE && change.type !== 'DELETED')
      return isWaiting(as<Pod>(change.object)) ? [keyOf(change.object)] : [];
    // Room may have come about for those that wait.
    if (change.storage !== NODE_STORAGE && change.storage !== POD_STORAGE) return [];
    return store
      .list(POD_STORAGE)
      .filter((pod) => isWaiting(as<Pod>(pod)))
      .map(keyOf);
  }

  function reconcile(key: string): void {
    const { namespace, name } = splitKey(key);
    const found = store.get(POD_STORAGE, namespace, name);
    if (!found || !isWaiting(as<Pod>(found))) return;
    const pod = as<Pod>(found);
    const placed = placedPods();
    const candidates = store.list(NODE_STORAGE).map((object) => as<Node>(object));
    const reasons = candidates.map((node) => misfit(pod, node, placed.get(node.metadata.name) ?? []));
    const fitting = candidates.filter((_, index) => reasons[index] === undefined);
    const related = (node: Node): number =>
      (placed.get(node.metadata.name) ?? []).filter((other) => sameOwner(other, pod)).length;
    const all = (node: Node): number => (placed.get(node.metadata.name) ?? []).length;
    const [best] = fitting.sort((a, b) => related(a) - related(b) || all(a) - all(b));
    if (best) bind(pod, best.metadata.name);
    else
      refuse(
        pod,
        reasons.filter((reason) => reason !== undefined),
      );
  }

  function placedPods(): Map<string, Pod[]> {
    const placed = new Map<string, Pod[]>();
    for (const object of store.list(POD_STORAGE)) {
      const pod = as<Pod>(object);
      if (!pod.spec.nodeName || !(isActive(pod) || pod.metadata.deletionTimestamp)) continue;
      placed.set(pod.spec.nodeName, [...(placed.get(pod.spec.nodeName) ?? []), pod]);
    }
    return placed;
  }

  function bind(pod: Pod, nodeName: string): void {
    const draft = copy<Pod>(pod);
    draft.spec.nodeName = nodeName;
    const now = store.timestamp();
    draft.status.conditions = withCondition(
      draft.status.conditions,
      { type: 'PodScheduled', status: 'True', lastProbeTime: null },
      now,
    );
    // Written past validation, which forbids a pod's node to change: this is what the binding subresource does.
    store.put(POD_STORAGE, draft);
    events.record(pod, {
      type: 'Normal',
      reason: 'Scheduled',
      message: `Successfully assigned ${keyOf(pod)} to ${nodeName}`,
      component: COMPONENT,
    });
  }

  function refuse(pod: Pod, reasons: string[]): void {
    const counts = new Map<string, number>();
    for (const reason of reasons) counts.set(reason, (counts.get(reason) ?? 0) + 1);
    const said = [...counts]
      .map(([reason, count]) => `${count} ${reason}`)
      .sort()
      .join(', ');
    const message =
      reasons.length === 0
        ? 'no nodes available to schedule pods'
        : `0/${reasons.length} nodes are available: ${said}.`;
    const before = pod.status.conditions?.find((condition) => condition.type === 'PodScheduled');
    if (before?.status === 'False' && before.message === message) return;
    const condition = { type: 'PodScheduled', status: 'False', reason: 'Unschedulable', message, lastProbeTime: null };
    writeStatus(store, pods, pod, {
      ...copy(pod.status),
      conditions: withCondition(copy(pod.status.conditions), condition, store.timestamp()),
    });
    events.record(pod, { type: 'Warning', reason: 'FailedScheduling', message, component: COMPONENT });
  }
};

function isWaiting(pod: Pod): boolean {
  return !pod.spec.nodeName && isActive(pod);
}

function sameOwner(a: Pod, b: Pod): boolean {
  const owner = b.metadata.ownerReferences?.[0]?.uid;
  return owner !== undefined && a.metadata.ownerReferences?.[0]?.uid === owner;
}
