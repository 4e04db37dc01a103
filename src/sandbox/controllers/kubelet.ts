import { controllerOf } from '../../kubernetes/object.ts';
import { storageOf } from '../kinds/kind.ts';
import { nodes } from '../kinds/node.ts';
import { pods } from '../kinds/pod.ts';
import { as, copy } from '../resource.ts';
import type { Node, Pod } from '../shapes.ts';
import { deleteObject } from '../write/delete-object.ts';
import type { Change } from '../store/store.ts';
import { type ControllerFactory, keyOf, splitKey } from './controller.ts';
import { durationMs } from './duration-ms.ts';
import { POD_STORAGE, writeStatus } from './pods.ts';
import { conditionsOf, containerStatus, finishedStatus, syncedStatus } from './pod-statuses.ts';

const STEP_MS = 200;
const SYNC_MS = 500;
const JOB_MS = 300;

/**
 * Plays the nodes' part. A pod is Ready 200 ms after it was placed and gone 200 ms after it was deleted, unless its
 * annotations say otherwise: test/ready-after, test/never-ready, test/crash, test/terminate-after (`5s`, `300ms`, `1m`). A
 * Job's pod ends 300 ms after it began, by test/exit-code or 0. A resize or an ephemeral container takes half a second.
 */
export const kubelet: ControllerFactory = ({ store, events, later }) => {
  /** When each pod's next steps are due, by UID, so that other changes of the pod don't put them off. */
  const due = new Map<string, Map<string, number>>();
  return { name: 'kubelet', keys, reconcile };

  function keys(change: Change): string[] {
    if (change.storage !== POD_STORAGE) return [];
    if (change.type !== 'DELETED') return [keyOf(change.object)];
    due.delete(change.object.metadata.uid ?? '');
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
    } else if (pod.status.phase === 'Running') proceed(pod, key);
  }

  /** What becomes of a pod that runs: it follows its spec, and a Job's comes to its end. */
  function proceed(pod: Pod, key: string): void {
    const generation = pod.metadata.generation ?? 1;
    const isBehind = generation > (pod.status.observedGeneration ?? 1);
    if (isBehind && isDue(pod, `sync ${generation}`, SYNC_MS, key))
      return writeStatus(store, pods, pod, syncedStatus(pod, store.timestamp()));
    if (controllerOf(pod)?.kind !== 'Job' || !isDue(pod, 'end', JOB_MS, key)) return;
    const code = Number(pod.metadata.annotations?.['test/exit-code'] ?? 0) || 0;
    writeStatus(store, pods, pod, finishedStatus(pod, code, store.timestamp()));
  }

  function isDue(pod: Pod, step: string, delayMs: number, key: string): boolean {
    const steps = due.get(pod.metadata.uid ?? '') ?? new Map<string, number>();
    due.set(pod.metadata.uid ?? '', steps);
    const at = steps.get(step) ?? store.now().getTime() + delayMs;
    if (!steps.has(step) && step === 'stop') tell(pod, 'Killing', 'Stopping container');
    steps.set(step, at);
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
