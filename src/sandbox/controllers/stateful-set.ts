import { storageOf } from '../kinds/kind.ts';
import { persistentVolumeClaims } from '../kinds/persistent-volume-claim.ts';
import { pods } from '../kinds/pod.ts';
import { statefulSets } from '../kinds/stateful-set.ts';
import { type Resource, as, copy } from '../resource.ts';
import type { ControllerRevision, Pod, StatefulSet } from '../shapes.ts';
import type { Change } from '../store/store.ts';
import { createObject } from '../write/create-object.ts';
import { deleteObject } from '../write/delete-object.ts';
import { type ControllerFactory, keyOf, splitKey } from './controller.ts';
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

const STORAGE = storageOf(statefulSets);
const CLAIMS = storageOf(persistentVolumeClaims);
const COMPONENT = 'statefulset-controller';

/** Keeps numbered pods with names that last, one after the other unless told to go in parallel. */
export const statefulSetController: ControllerFactory = ({ store, events, later }) => {
  return { name: COMPONENT, keys, reconcile };

  function keys(change: Change): string[] {
    if (change.storage === STORAGE) return [keyOf(change.object)];
    return change.storage === POD_STORAGE ? ownerKeys(change.object, statefulSets) : [];
  }

  function reconcile(key: string): void {
    const { namespace, name } = splitKey(key);
    const found = store.get(STORAGE, namespace, name);
    if (!found || found.metadata.deletionTimestamp) return;
    const set = as<StatefulSet>(found);
    const update = ensureRevision(store, set);
    const current =
      revisionsOf(store, set).find((revision) => revision.metadata.name === set.status.currentRevision) ?? update;
    move(set, current, update);
    report(set, current, update, key);
    if (revisionsOf(store, set).length > 1)
      pruneRevisions(store, set, new Set([current.metadata.name, update.metadata.name]));
  }

  function move(set: StatefulSet, current: ControllerRevision, update: ControllerRevision): void {
    const mine = podsOf(set);
    const parallel = set.spec.podManagementPolicy === 'Parallel';
    const start = set.spec.ordinals?.start ?? 0;
    for (let ordinal = start; ordinal < start + set.spec.replicas; ordinal += 1) {
      const pod = mine.get(ordinal);
      if (!pod) make(set, ordinal, revisionFor(set, ordinal, current, update));
      // What ended by itself makes room for its successor.
      else if (pod.status.phase === 'Failed' || pod.status.phase === 'Succeeded') remove(set, pod);
      if (!parallel && !(pod && isActive(pod) && isAvailable(set, pod))) return;
    }
    const surplus = [...mine]
      .filter(([ordinal]) => ordinal < start || ordinal >= start + set.spec.replicas)
      .sort(([a], [b]) => b - a);
    for (const [, pod] of surplus) {
      if (isActive(pod)) remove(set, pod);
      if (!parallel) return;
    }
    if (set.spec.updateStrategy.type === 'RollingUpdate') roll(set, mine, update);
  }

  /** From the highest number down to the partition, each waiting for the one before it. */
  function roll(set: StatefulSet, mine: Map<number, Pod>, update: ControllerRevision): void {
    const start = set.spec.ordinals?.start ?? 0;
    const partition = Math.max(start, set.spec.updateStrategy.rollingUpdate?.partition ?? 0);
    for (let ordinal = start + set.spec.replicas - 1; ordinal >= partition; ordinal -= 1) {
      const pod = mine.get(ordinal);
      if (!pod) return;
      if (revisionNameOf(pod) !== update.metadata.name && isActive(pod)) return remove(set, pod);
      if (!isActive(pod) || !isAvailable(set, pod)) return;
    }
  }

  /** Below the partition, and before an update has begun, pods are made as they were. */
  function revisionFor(
    set: StatefulSet,
    ordinal: number,
    current: ControllerRevision,
    update: ControllerRevision,
  ): ControllerRevision {
    const partition = set.spec.updateStrategy.rollingUpdate?.partition ?? 0;
    return ordinal < partition && set.spec.updateStrategy.type === 'RollingUpdate' ? current : update;
  }

  function make(set: StatefulSet, ordinal: number, revision: ControllerRevision): void {
    const name = `${set.metadata.name}-${ordinal}`;
    const { $patch: _patch, ...template } = revision.data.spec.template;
    const labels = {
      ...template.metadata?.labels,
      'apps.kubernetes.io/pod-index': String(ordinal),
      'statefulset.kubernetes.io/pod-name': name,
      [REVISION_HASH]: revision.metadata.name,
    };
    const draft = podFrom(template, set, { name, generateName: `${set.metadata.name}-`, labels });
    const spec = as<Pod>(draft).spec;
    spec.hostname = name;
    if (set.spec.serviceName) spec.subdomain = set.spec.serviceName;
    for (const claim of set.spec.volumeClaimTemplates ?? [])
      spec.volumes = [
        ...(spec.volumes ?? []),
        { name: claim.metadata.name, persistentVolumeClaim: { claimName: ensureClaim(set, claim, name) } },
      ];
    createObject(store, pods, draft);
    events.record(set, {
      type: 'Normal',
      reason: 'SuccessfulCreate',
      message: `create Pod ${name} in StatefulSet ${set.metadata.name} successful`,
      component: COMPONENT,
    });
  }

  function ensureClaim(
    set: StatefulSet,
    claim: NonNullable<StatefulSet['spec']['volumeClaimTemplates']>[number],
    podName: string,
  ): string {
    const name = `${claim.metadata.name}-${podName}`;
    const { namespace } = set.metadata;
    if (store.get(CLAIMS, namespace, name)) return name;
    const labels = { ...claim.metadata.labels, ...set.spec.selector.matchLabels };
    const draft: Resource = {
      apiVersion: 'v1',
      kind: 'PersistentVolumeClaim',
      metadata: { name, ...(namespace === undefined ? {} : { namespace }), labels },
      spec: copy(claim.spec),
    };
    createObject(store, persistentVolumeClaims, draft);
    return name;
  }

  function remove(set: StatefulSet, pod: Pod): void {
    deleteObject(store, pods, { namespace: pod.metadata.namespace, name: pod.metadata.name });
    events.record(set, {
      type: 'Normal',
      reason: 'SuccessfulDelete',
      message: `delete Pod ${pod.metadata.name} in StatefulSet ${set.metadata.name} successful`,
      component: COMPONENT,
    });
  }

  function podsOf(set: StatefulSet): Map<number, Pod> {
    const found = claimPods(store, set, set.spec.selector).map((pod): [number, Pod] => [
      Number(pod.metadata.name.slice(set.metadata.name.length + 1)),
      pod,
    ]);
    return new Map(found.filter(([ordinal]) => Number.isInteger(ordinal)));
  }

  function isAvailable(set: StatefulSet, pod: Pod): boolean {
    return availability(pod, set.spec.minReadySeconds ?? 0, store.now()).available;
  }

  function report(set: StatefulSet, current: ControllerRevision, update: ControllerRevision, key: string): void {
    const there = [...podsOf(set).values()];
    const ofRevision = (name: string): number =>
      there.filter((pod) => isActive(pod) && revisionNameOf(pod) === name).length;
    const states = there.map((pod) => availability(pod, set.spec.minReadySeconds ?? 0, store.now()));
    const waits = states.map((state) => state.waitMs).filter((wait) => wait > 0);
    if (waits.length > 0) later(key, Math.min(...waits));
    const updated = ofRevision(update.metadata.name);
    const ready = there.filter(isReady).length;
    const complete = updated === set.spec.replicas && ready === set.spec.replicas && there.length === set.spec.replicas;
    const now = complete && set.spec.updateStrategy.type === 'RollingUpdate' ? update : current;
    writeStatus(store, statefulSets, set, {
      observedGeneration: set.metadata.generation,
      replicas: there.length,
      readyReplicas: orNothing(ready),
      currentReplicas: orNothing(ofRevision(now.metadata.name)),
      updatedReplicas: orNothing(updated),
      currentRevision: now.metadata.name,
      updateRevision: update.metadata.name,
      collisionCount: set.status.collisionCount ?? 0,
      availableReplicas: states.filter((state) => state.available).length,
    });
  }
};

/** The pod's label holds the whole name of its revision. */
function revisionNameOf(pod: Pod): string | undefined {
  return pod.metadata.labels?.[REVISION_HASH];
}
