import { storageOf } from '../kinds/kind.ts';
import { nodes } from '../kinds/node.ts';
import { pods } from '../kinds/pod.ts';
import { as, copy } from '../resource.ts';
import type { Condition, ContainerStatus, Node, Pod } from '../shapes.ts';
import { deleteObject } from '../write/delete-object.ts';
import type { Change } from '../store/store.ts';
import { type ControllerFactory, keyOf, splitKey } from './controller.ts';
import { POD_STORAGE, writeStatus } from './pods.ts';

const STEP_MS = 200;

/**
 * Plays the nodes' part. A pod is Ready 200 ms after it was placed and gone 200 ms after it was deleted, unless its
 * annotations say otherwise: test/ready-after, test/never-ready, test/crash, test/terminate-after (`5s`, `300ms`, `1m`).
 */
export const kubelet: ControllerFactory = ({ store, events, later }) => {
  /** When each pod's next step is due, by UID and step, so that other changes of the pod don't put it off. */
  const due = new Map<string, number>();
  return { name: 'kubelet', keys, reconcile };

  function keys(change: Change): string[] {
    if (change.storage !== POD_STORAGE) return [];
    if (change.type !== 'DELETED') return [keyOf(change.object)];
    for (const step of ['start', 'stop']) due.delete(`${change.object.metadata.uid} ${step}`);
    return [];
  }

  function reconcile(key: string): void {
    const { namespace, name } = splitKey(key);
    const found = store.get(POD_STORAGE, namespace, name);
    if (!found) return;
    const pod = as<Pod>(found);
    if (!pod.spec.nodeName || !store.get(storageOf(nodes), undefined, pod.spec.nodeName)) return;
    const annotations = pod.metadata.annotations ?? {};
    if (pod.metadata.deletionTimestamp) {
      if (isDue(pod, 'stop', durationMs(annotations['test/terminate-after']) ?? STEP_MS, key)) finish(pod);
    } else if (pod.status.phase === 'Pending') {
      const special = 'test/crash' in annotations || 'test/never-ready' in annotations;
      const delay = special ? STEP_MS : (durationMs(annotations['test/ready-after']) ?? STEP_MS);
      if (isDue(pod, 'start', delay, key)) start(pod);
    }
  }

  function isDue(pod: Pod, step: 'start' | 'stop', delayMs: number, key: string): boolean {
    const id = `${pod.metadata.uid} ${step}`;
    const at = due.get(id) ?? store.now().getTime() + delayMs;
    if (!due.has(id) && step === 'stop') tell(pod, 'Killing', 'Stopping container');
    due.set(id, at);
    const left = at - store.now().getTime();
    if (left <= 0) return true;
    later(key, left);
    return false;
  }

  function finish(pod: Pod): void {
    const key = { namespace: pod.metadata.namespace, name: pod.metadata.name };
    deleteObject(store, pods, key, { gracePeriodSeconds: 0, preconditions: { uid: pod.metadata.uid ?? '' } });
  }

  function start(pod: Pod): void {
    const now = store.timestamp();
    const annotations = pod.metadata.annotations ?? {};
    const state = 'test/crash' in annotations ? 'crashing' : 'test/never-ready' in annotations ? 'unready' : 'ready';
    const hostIP = hostAddress(pod.spec.nodeName ?? '');
    const podIP = pod.status.podIP ?? podAddress();
    writeStatus(store, pods, pod, {
      ...copy(pod.status),
      phase: 'Running',
      startTime: now,
      observedGeneration: pod.metadata.generation ?? 1,
      conditions: conditionsOf(pod, state === 'ready', now),
      containerStatuses: pod.spec.containers.map((container) => containerStatus(container, state, now)),
      ...(hostIP ? { hostIP, hostIPs: [{ ip: hostIP }] } : {}),
      ...(state === 'ready' ? { podIP, podIPs: [{ ip: podIP }] } : {}),
    });
    if (state === 'crashing')
      events.record(pod, {
        type: 'Warning',
        reason: 'BackOff',
        message: `Back-off restarting failed container in pod ${pod.metadata.name}`,
        component: 'kubelet',
      });
    else tell(pod, 'Started', 'Started container');
  }

  function tell(pod: Pod, reason: string, words: string): void {
    for (const { name } of pod.spec.containers)
      events.record(pod, { type: 'Normal', reason, message: `${words} ${name}`, component: 'kubelet' });
  }

  function hostAddress(nodeName: string): string | undefined {
    const node = store.get(storageOf(nodes), undefined, nodeName);
    return node
      ? as<Node>(node).status.addresses?.find((address) => address.type === 'InternalIP')?.address
      : undefined;
  }
};

let addresses = 0;

function podAddress(): string {
  addresses += 1;
  return `10.244.${(addresses >> 8) & 255}.${addresses & 255}`;
}

function conditionsOf(pod: Pod, ready: boolean, now: string): Condition[] {
  const said = (type: string, status: boolean): Condition => ({
    type,
    status: status ? 'True' : 'False',
    lastProbeTime: null,
    lastTransitionTime: now,
    ...(status ? {} : { reason: 'ContainersNotReady' }),
  });
  const gates = ready ? (pod.spec.readinessGates ?? []).map((gate) => said(gate.conditionType, true)) : [];
  const own = [said('Initialized', true), said('ContainersReady', ready), said('Ready', ready), ...gates];
  const types = own.map((condition) => condition.type);
  return [...(pod.status.conditions ?? []).filter((condition) => !types.includes(condition.type)), ...own];
}

function containerStatus(
  { name, image = '' }: { name: string; image?: string },
  state: 'ready' | 'unready' | 'crashing',
  now: string,
): ContainerStatus & Record<string, unknown> {
  const common = { name, image, imageID: image, lastState: {} };
  if (state !== 'crashing')
    return {
      ...common,
      ready: state === 'ready',
      started: true,
      restartCount: 0,
      state: { running: { startedAt: now } },
    };
  const terminated = { exitCode: 137, reason: 'OOMKilled', startedAt: now, finishedAt: now };
  return {
    ...common,
    ready: false,
    started: false,
    restartCount: 5,
    state: { waiting: { reason: 'CrashLoopBackOff', message: 'back-off 2m40s restarting failed container' } },
    lastState: { terminated },
  };
}

/** `300ms`, `5s`, `1m30s` in milliseconds; undefined where it is none. */
function durationMs(text: string | undefined): number | undefined {
  if (text === undefined || !/^(\d+(\.\d+)?(ms|s|m|h))+$/.test(text)) return undefined;
  const units: Record<string, number> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };
  let total = 0;
  for (const [, amount = '0', unit = 's'] of text.matchAll(/(\d+(?:\.\d+)?)(ms|s|m|h)/g))
    total += Number(amount) * (units[unit] ?? 0);
  return total;
}
