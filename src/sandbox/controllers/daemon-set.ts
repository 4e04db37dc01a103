import { storageOf } from '../kinds/kind.ts';
import { daemonSets } from '../kinds/daemon-set.ts';
import { nodes } from '../kinds/node.ts';
import { pods } from '../kinds/pod.ts';
import { type Resource, as } from '../resource.ts';
import type { DaemonSet, Node, Pod, Toleration } from '../shapes.ts';
import type { Change } from '../store/store.ts';
import { createObject } from '../write/create-object.ts';
import { deleteObject } from '../write/delete-object.ts';
import { type ControllerFactory, keyOf, splitKey } from './controller.ts';
import { selectsNode, tolerates } from './node-fit.ts';
import {
  POD_STORAGE,
  availability,
  claimPods,
  isActive,
  isReady,
  orNothing,
  ownerKeys,
  podFrom,
  writeStatus,
} from './pods.ts';
import { REVISION_HASH, ensureRevision, pruneRevisions, revisionsOf } from './revision-history.ts';
import { shareOf } from './share.ts';

const STORAGE = storageOf(daemonSets);
const NODES = storageOf(nodes);
const COMPONENT = 'daemonset-controller';
/** Whatever is wrong with a node, its daemons run. */
const tolerations: Toleration[] = [
  ...['not-ready', 'unreachable'].map((name) => ({
    key: `node.kubernetes.io/${name}`,
    operator: 'Exists',
    effect: 'NoExecute',
  })),
  ...['disk-pressure', 'memory-pressure', 'pid-pressure', 'unschedulable'].map((name) => ({
    key: `node.kubernetes.io/${name}`,
    operator: 'Exists',
    effect: 'NoSchedule',
  })),
];

/** Keeps one pod of a template on every node that takes it. */
export const daemonSetController: ControllerFactory = ({ store, events, later }) => {
  return { name: COMPONENT, keys, reconcile };

  function keys(change: Change): string[] {
    if (change.storage === STORAGE) return [keyOf(change.object)];
    if (change.storage === NODES) return store.list(STORAGE).map(keyOf);
    return change.storage === POD_STORAGE ? ownerKeys(change.object, daemonSets) : [];
  }

  function reconcile(key: string): void {
    const { namespace, name } = splitKey(key);
    const found = store.get(STORAGE, namespace, name);
    if (!found || found.metadata.deletionTimestamp) return;
    const set = as<DaemonSet>(found);
    const revision = ensureRevision(store, set);
    const hash = revision.metadata.labels?.[REVISION_HASH] ?? '';
    place(set, hash);
    if (set.spec.updateStrategy.type === 'RollingUpdate') roll(set, hash);
    report(set, hash, key);
    const inUse = new Set(
      claimPods(store, set, set.spec.selector).map((pod) => `${name}-${pod.metadata.labels?.[REVISION_HASH]}`),
    );
    if (revisionsOf(store, set).length > 1) pruneRevisions(store, set, inUse.add(revision.metadata.name));
  }

  function place(set: DaemonSet, hash: string): void {
    const byNode = Map.groupBy(claimPods(store, set, set.spec.selector), nodeOf);
    for (const node of eligible(set)) {
      const there = byNode.get(node.metadata.name) ?? [];
      if (there.length === 0) make(set, node, hash);
      for (const surplus of there.filter(isActive).slice(1)) remove(set, surplus);
    }
    const names = new Set(eligible(set).map((node) => node.metadata.name));
    for (const [nodeName, there] of byNode)
      if (!names.has(nodeName)) for (const pod of there.filter(isActive)) remove(set, pod);
  }

  /** Old pods go as fast as what may be unavailable allows; those that don't serve go at once. */
  function roll(set: DaemonSet, hash: string): void {
    const wanted = eligible(set).length;
    const most = Math.max(1, shareOf(set.spec.updateStrategy.rollingUpdate?.maxUnavailable, wanted, 'up'));
    const there = claimPods(store, set, set.spec.selector).filter(isActive);
    const isAvailable = (pod: Pod): boolean => availability(pod, set.spec.minReadySeconds ?? 0, store.now()).available;
    const old = there.filter((pod) => pod.metadata.labels?.[REVISION_HASH] !== hash);
    let left = most - (wanted - there.filter(isAvailable).length);
    for (const pod of old) {
      if (!isAvailable(pod)) remove(set, pod);
      else if (left > 0) {
        remove(set, pod);
        left -= 1;
      }
    }
  }

  function eligible(set: DaemonSet): Node[] {
    const { spec } = set.spec.template;
    const borne = [...(spec.tolerations ?? []), ...tolerations];
    const hindering = (node: Node): boolean =>
      (node.spec.taints ?? []).some(
        (taint) =>
          taint.effect !== 'PreferNoSchedule' &&
          taint.key !== 'node.kubernetes.io/not-ready' &&
          !tolerates(borne, taint),
      );
    return store
      .list(NODES)
      .map((object) => as<Node>(object))
      .filter((node) => selectsNode(spec, node) && !hindering(node));
  }

  function make(set: DaemonSet, node: Node, hash: string): void {
    const labels = {
      ...set.spec.template.metadata?.labels,
      [REVISION_HASH]: hash,
      'pod-template-generation': set.metadata.annotations?.['deprecated.daemonset.template.generation'] ?? '1',
    };
    const draft = podFrom(set.spec.template, set, { generateName: `${set.metadata.name}-`, labels });
    const spec = as<Pod>(draft).spec;
    const term = { matchFields: [{ key: 'metadata.name', operator: 'In', values: [node.metadata.name] }] };
    spec.affinity = {
      ...spec.affinity,
      nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [term] } },
    };
    const given = spec.tolerations ?? [];
    const notReady = { key: 'node.kubernetes.io/not-ready', operator: 'Exists', effect: 'NoSchedule' };
    spec.tolerations = [
      ...given,
      ...[...tolerations, notReady].filter(
        (toleration) => !given.some((other) => other.key === toleration.key && other.effect === toleration.effect),
      ),
    ];
    const pod = createObject(store, pods, draft);
    events.record(set, {
      type: 'Normal',
      reason: 'SuccessfulCreate',
      message: `Created pod: ${pod.metadata.name}`,
      component: COMPONENT,
    });
  }

  function remove(set: DaemonSet, pod: Pod): void {
    deleteObject(store, pods, { namespace: pod.metadata.namespace, name: pod.metadata.name });
    events.record(set, {
      type: 'Normal',
      reason: 'SuccessfulDelete',
      message: `Deleted pod: ${pod.metadata.name}`,
      component: COMPONENT,
    });
  }

  function report(set: DaemonSet, hash: string, key: string): void {
    const wanted = new Set(eligible(set).map((node) => node.metadata.name));
    const there = claimPods(store, set, set.spec.selector).filter((pod) => !pod.metadata.deletionTimestamp);
    const placed = there.filter((pod) => wanted.has(nodeOf(pod)));
    const states = placed.map((pod) => availability(pod, set.spec.minReadySeconds ?? 0, store.now()));
    const waits = states.map((state) => state.waitMs).filter((wait) => wait > 0);
    if (waits.length > 0) later(key, Math.min(...waits));
    const available = states.filter((state) => state.available).length;
    writeStatus(store, daemonSets, set, {
      currentNumberScheduled: placed.length,
      numberMisscheduled: there.length - placed.length,
      desiredNumberScheduled: wanted.size,
      numberReady: placed.filter(isReady).length,
      observedGeneration: set.metadata.generation,
      updatedNumberScheduled: orNothing(placed.filter((pod) => pod.metadata.labels?.[REVISION_HASH] === hash).length),
      numberAvailable: orNothing(available),
      numberUnavailable: orNothing(wanted.size - available),
    });
  }
};

/** Where the pod is, or where its affinity will have it. */
function nodeOf(pod: Resource): string {
  const { spec } = as<Pod>(pod);
  const term = spec.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms[0];
  return spec.nodeName ?? term?.matchFields?.[0]?.values?.[0] ?? '';
}
