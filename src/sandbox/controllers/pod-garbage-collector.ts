import { storageOf } from '../kinds/kind.ts';
import { nodes } from '../kinds/node.ts';
import { pods } from '../kinds/pod.ts';
import { as } from '../resource.ts';
import type { Pod } from '../shapes.ts';
import type { Change } from '../store/store.ts';
import { deleteObject } from '../write/delete-object.ts';
import { type ControllerFactory, keyOf, splitKey } from './controller.ts';
import { POD_STORAGE } from './pods.ts';

const NODE_STORAGE = storageOf(nodes);
/** A real control plane waits for 40 s, in case that the node comes again. */
const QUARANTINE_MS = 1_000;

/** Deletes the pods whose node is gone, without a grace period: no kubelet is left that would end them. */
export const podGarbageCollector: ControllerFactory = ({ store, later }) => {
  const orphanedAt = new Map<string, number>();
  return { name: 'pod-garbage-collector', keys, reconcile };

  function keys(change: Change): string[] {
    if (change.storage !== NODE_STORAGE || change.type !== 'DELETED') return [];
    return store
      .list(POD_STORAGE)
      .filter((pod) => as<Pod>(pod).spec.nodeName === change.object.metadata.name)
      .map(keyOf);
  }

  function reconcile(key: string): void {
    const { namespace, name } = splitKey(key);
    const found = store.get(POD_STORAGE, namespace, name);
    const uid = found?.metadata.uid ?? '';
    const nodeName = found && as<Pod>(found).spec.nodeName;
    if (!nodeName || store.get(NODE_STORAGE, undefined, nodeName)) {
      orphanedAt.delete(uid);
      return;
    }
    const nowMs = store.now().getTime();
    const sinceMs = orphanedAt.get(uid) ?? nowMs;
    orphanedAt.set(uid, sinceMs);
    const leftMs = sinceMs + QUARANTINE_MS - nowMs;
    if (leftMs > 0) return later(key, leftMs);
    orphanedAt.delete(uid);
    deleteObject(store, pods, { namespace, name }, { gracePeriodSeconds: 0, preconditions: { uid } });
  }
};
