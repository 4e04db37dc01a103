import { storageOf } from '../kinds/kind.ts';
import { nodes } from '../kinds/node.ts';
import { pods } from '../kinds/pod.ts';
import { as, same } from '../resource.ts';
import type { Condition, Node, Pod, Taint } from '../shapes.ts';
import type { Change } from '../store/store.ts';
import { deleteObject } from '../write/delete-object.ts';
import { updateObject } from '../write/update-object.ts';
import type { ControllerFactory } from './controller.ts';
import { tolerates } from './node-fit.ts';
import { POD_STORAGE, writeStatus } from './pods.ts';

const STORAGE = storageOf(nodes);
const NOT_READY = 'node.kubernetes.io/not-ready';
const UNSCHEDULABLE = 'node.kubernetes.io/unschedulable';

/**
 * Makes nodes Ready (not those with the annotation test/not-ready), taints those that are not or that are cordoned, and deletes
 * the pods that a NoExecute taint drives out.
 */
export const nodeLifecycle: ControllerFactory = ({ store, later, events }) => {
  return { name: 'node-lifecycle', keys, reconcile };

  function keys(change: Change): string[] {
    if (change.storage === STORAGE && change.type !== 'DELETED') return [change.object.metadata.name];
    const nodeName =
      change.storage === POD_STORAGE && change.type !== 'DELETED' ? as<Pod>(change.object).spec.nodeName : undefined;
    const placed = nodeName !== undefined && (!change.previous || as<Pod>(change.previous).spec.nodeName !== nodeName);
    return placed ? [nodeName] : [];
  }

  function reconcile(name: string): void {
    const found = store.get(STORAGE, undefined, name);
    if (!found || found.metadata.deletionTimestamp) return;
    const node = as<Node>(found);
    const ready = node.status.conditions?.find((condition) => condition.type === 'Ready')?.status === 'True';
    const wanted = !('test/not-ready' in (node.metadata.annotations ?? {}));
    if (wanted && !ready) return becomeReady(node);
    if (!wanted && ready) return becomeUnready(node);
    taint(node, ready);
    evict(node);
  }

  function becomeReady(node: Node): void {
    const { name } = node.metadata;
    const number = store.list(STORAGE).findIndex((object) => object.metadata.name === name) + 1;
    writeStatus(store, nodes, node, {
      ...node.status,
      conditions: conditions(store.timestamp()),
      addresses: [
        { type: 'InternalIP', address: `10.1.0.${number % 256}` },
        { type: 'Hostname', address: name },
      ],
      allocatable: node.status.allocatable ?? SIZE,
      capacity: node.status.allocatable ?? SIZE,
      nodeInfo: INFO,
    });
    events.record(node, {
      type: 'Normal',
      reason: 'NodeReady',
      message: `Node ${name} status is now: NodeReady`,
      component: 'kubelet',
    });
  }

  function becomeUnready(node: Node): void {
    const now = store.timestamp();
    const said = {
      type: 'Ready',
      status: 'False',
      reason: 'KubeletNotReady',
      message: 'asked for by the annotation test/not-ready',
      lastHeartbeatTime: now,
      lastTransitionTime: now,
    };
    const rest = (node.status.conditions ?? []).filter((condition) => condition.type !== 'Ready');
    writeStatus(store, nodes, node, { ...node.status, conditions: [...rest, said] });
    events.record(node, {
      type: 'Normal',
      reason: 'NodeNotReady',
      message: `Node ${node.metadata.name} status is now: NodeNotReady`,
      component: 'node-controller',
    });
  }

  function taint(node: Node, ready: boolean): void {
    const timeAdded = store.timestamp();
    const own = [
      ...(ready
        ? []
        : [
            { key: NOT_READY, effect: 'NoSchedule', timeAdded },
            { key: NOT_READY, effect: 'NoExecute', timeAdded },
          ]),
      ...(node.spec.unschedulable ? [{ key: UNSCHEDULABLE, effect: 'NoSchedule', timeAdded }] : []),
    ];
    const before = node.spec.taints ?? [];
    const kept = before.filter(
      (entry) => (entry.key !== NOT_READY && entry.key !== UNSCHEDULABLE) || own.some((other) => isSame(entry, other)),
    );
    const taints = [...kept, ...own.filter((entry) => !before.some((other) => isSame(entry, other)))];
    if (!same(taints, before))
      updateObject(
        store,
        { kind: nodes, name: node.metadata.name },
        (draft) => void (as<Node>(draft).spec.taints = taints),
      );
  }

  function evict(node: Node): void {
    const driving = (node.spec.taints ?? []).filter((entry) => entry.effect === 'NoExecute');
    if (driving.length === 0) return;
    for (const object of store.list(POD_STORAGE)) {
      const pod = as<Pod>(object);
      if (pod.spec.nodeName !== node.metadata.name || pod.metadata.deletionTimestamp) continue;
      const waitMs = Math.min(...driving.map((entry) => patience(pod, entry)));
      if (waitMs === Infinity) continue;
      if (waitMs > 0) later(node.metadata.name, waitMs);
      else {
        events.record(pod, {
          type: 'Normal',
          reason: 'TaintManagerEviction',
          message: `Marking for deletion Pod ${pod.metadata.namespace}/${pod.metadata.name}`,
          component: 'taint-eviction-controller',
        });
        deleteObject(store, pods, { namespace: pod.metadata.namespace, name: pod.metadata.name });
      }
    }
  }

  /** How much longer the pod bears the taint. */
  function patience(pod: Pod, entry: Taint): number {
    const bearing = (pod.spec.tolerations ?? []).filter((toleration) => tolerates([toleration], entry));
    if (bearing.length === 0) return 0;
    const seconds = bearing.map(
      (toleration) => as<{ tolerationSeconds?: number }>(toleration).tolerationSeconds ?? Infinity,
    );
    return Date.parse(entry.timeAdded ?? store.timestamp()) + Math.min(...seconds) * 1000 - store.now().getTime();
  }
};

const SIZE = { cpu: '16', memory: '64Gi', pods: '250', 'ephemeral-storage': '100Gi' };
const INFO = {
  architecture: 'amd64',
  operatingSystem: 'linux',
  osImage: 'sandbox',
  kernelVersion: 'sandbox',
  kubeletVersion: 'v1.36.0+sandbox',
  kubeProxyVersion: '',
  containerRuntimeVersion: 'sandbox',
  bootID: '',
  machineID: '',
  systemUUID: '',
};

function conditions(now: string): (Condition & { lastHeartbeatTime: string })[] {
  const said = (
    type: string,
    status: string,
    reason: string,
    message: string,
  ): Condition & { lastHeartbeatTime: string } => ({
    type,
    status,
    reason,
    message,
    lastHeartbeatTime: now,
    lastTransitionTime: now,
  });
  return [
    said('Ready', 'True', 'KubeletReady', 'kubelet is posting ready status'),
    said('MemoryPressure', 'False', 'KubeletHasSufficientMemory', 'kubelet has sufficient memory available'),
    said('DiskPressure', 'False', 'KubeletHasNoDiskPressure', 'kubelet has no disk pressure'),
    said('PIDPressure', 'False', 'KubeletHasSufficientPID', 'kubelet has sufficient PID available'),
  ];
}

function isSame(a: Taint, b: Taint): boolean {
  return a.key === b.key && a.effect === b.effect;
}
