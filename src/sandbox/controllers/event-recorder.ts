import { storageOf } from '../kinds/kind.ts';
import { events } from '../kinds/event.ts';
import type { Resource } from '../resource.ts';
import type { Store } from '../store/store.ts';

/** Kept in all; the oldest go first. The API server keeps them for an hour instead. */
const EVENTS_LIMIT = 1_000;

export interface EventRecorder {
  /** Writes an Event about the object; the same one again only counts up. */
  record(
    object: Resource,
    event: { type: 'Normal' | 'Warning'; reason: string; message: string; component: string },
  ): void;
}

export function createEventRecorder(store: Store): EventRecorder {
  const known = new Map<string, { namespace: string; name: string }>();
  let serial = 0;
  return {
    record(object, { type, reason, message, component }) {
      const identity = `${object.metadata.uid} ${type} ${reason} ${message}`;
      const before = known.get(identity);
      const found = before && store.get(storageOf(events), before.namespace, before.name);
      const now = store.timestamp();
      if (found) {
        store.put(storageOf(events), { ...found, count: Number(found.count ?? 1) + 1, lastTimestamp: now });
        return;
      }
      const namespace = object.metadata.namespace ?? 'default';
      if (store.get('/namespaces', undefined, namespace)?.metadata.deletionTimestamp) return;
      serial += 1;
      const name = `${object.metadata.name}.${(store.now().getTime() * 1000 + serial).toString(16)}`;
      store.put(storageOf(events), {
        apiVersion: 'v1',
        kind: 'Event',
        metadata: { name, namespace, uid: store.uuid(), creationTimestamp: now },
        involvedObject: referenceTo(object),
        reason,
        message,
        source: { component },
        firstTimestamp: now,
        lastTimestamp: now,
        count: 1,
        type,
        eventTime: null,
        reportingComponent: component,
        reportingInstance: '',
      });
      known.set(identity, { namespace, name });
      forgetOldest();
    },
  };

  function forgetOldest(): void {
    if (known.size <= EVENTS_LIMIT) return;
    for (const [identity, { namespace, name }] of known) {
      known.delete(identity);
      const found = store.get(storageOf(events), namespace, name);
      if (found) store.remove(storageOf(events), found);
      if (known.size <= EVENTS_LIMIT) return;
    }
  }
}

function referenceTo(object: Resource): Record<string, unknown> {
  const { name, namespace, uid, resourceVersion } = object.metadata;
  return {
    kind: object.kind,
    ...(namespace ? { namespace } : {}),
    name,
    uid,
    apiVersion: object.apiVersion,
    resourceVersion,
  };
}
