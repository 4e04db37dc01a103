import { deployments } from '../kinds/deployment.ts';
import { storageOf } from '../kinds/kind.ts';
import { replicaSets } from '../kinds/replica-set.ts';
import { type Resource, as, copy, same } from '../resource.ts';
import type { Condition, Deployment, ReplicaSet } from '../shapes.ts';
import type { Store } from '../store/store.ts';
import { createObject } from '../write/create-object.ts';
import { hashSuffix } from '../write/random-suffix.ts';
import { updateObject } from '../write/update-object.ts';
import { withCondition } from './conditions.ts';
import { limitsOf } from './deployment-limits.ts';
import { ownedBy, writeStatus } from './pods.ts';
import { HASH, REVISION, revisionOf, withoutHash } from './replica-sets-of.ts';

const HISTORY = 'deployment.kubernetes.io/revision-history';
/** The Deployment's own; a ReplicaSet carries all others of its annotations. */
const own = [
  'kubectl.kubernetes.io/last-applied-configuration',
  REVISION,
  HISTORY,
  'deployment.kubernetes.io/desired-replicas',
  'deployment.kubernetes.io/max-replicas',
  'deprecated.deployment.rollback.to',
];

/**
 * The ReplicaSet of the present template with the highest revision of all: an old one gets a new number when it is
 * returned to. Undefined when a name collided; the collision is counted and the next attempt takes another name.
 */
export function ensureNewest(
  store: Store,
  given: { deployment: Deployment; sets: ReplicaSet[]; known: ReplicaSet | undefined; replicas: number },
): ReplicaSet | undefined {
  const { deployment, sets, known, replicas } = given;
  const others = sets.filter((set) => set !== known);
  const revision = Math.max(0, ...others.map(revisionOf)) + 1;
  const set = known ? renumber(store, deployment, known, revision) : make(store, deployment, revision, replicas);
  if (!set) return undefined;
  noteRevision(store, deployment, String(revisionOf(set)));
  if (!known)
    noteProgress(store, deployment, {
      reason: 'NewReplicaSetCreated',
      message: `Created new replica set "${set.metadata.name}"`,
    });
  else if (!deployment.status.conditions?.some((condition) => condition.type === 'Progressing')) {
    noteProgress(store, deployment, {
      reason: 'FoundNewReplicaSet',
      message: `Found new replica set "${set.metadata.name}"`,
    });
  }
  return set;
}

function renumber(store: Store, deployment: Deployment, set: ReplicaSet, revision: number): ReplicaSet {
  const before = revisionOf(set);
  const result = updateObject(store, { kind: replicaSets, ...keyOf(set) }, (draft) => {
    const annotations = { ...draft.metadata.annotations, ...inherited(deployment) };
    if (before < revision) {
      if (before > 0) annotations[HISTORY] = [...(annotations[HISTORY]?.split(',') ?? []), String(before)].join(',');
      annotations[REVISION] = String(revision);
    }
    draft.metadata.annotations = annotations;
  });
  return as<ReplicaSet>(result);
}

function make(store: Store, deployment: Deployment, revision: number, replicas: number): ReplicaSet | undefined {
  const { namespace, name } = deployment.metadata;
  const collisions = deployment.status.collisionCount ?? 0;
  const hash = hashSuffix(`${JSON.stringify(withoutHash(deployment.spec.template))}${collisions || ''}`);
  const setName = `${name}-${hash}`;
  if (store.get(storageOf(replicaSets), namespace, setName)) {
    writeStatus(store, deployments, deployment, { ...copy(deployment.status), collisionCount: collisions + 1 });
    return undefined;
  }
  const labels = { ...deployment.spec.template.metadata?.labels, [HASH]: hash };
  const template = copy(deployment.spec.template);
  template.metadata = { ...template.metadata, labels };
  const selector = {
    ...copy(deployment.spec.selector),
    matchLabels: { ...deployment.spec.selector.matchLabels, [HASH]: hash },
  };
  const maximum = deployment.spec.replicas + limitsOf(deployment).surge;
  const annotations = {
    ...inherited(deployment),
    'deployment.kubernetes.io/desired-replicas': String(deployment.spec.replicas),
    'deployment.kubernetes.io/max-replicas': String(maximum),
    [REVISION]: String(revision),
  };
  const { minReadySeconds } = deployment.spec;
  const draft: Resource = {
    apiVersion: 'apps/v1',
    kind: 'ReplicaSet',
    metadata: {
      name: setName,
      ...(namespace === undefined ? {} : { namespace }),
      labels,
      annotations,
      ownerReferences: [ownedBy(deployment)],
    },
    spec: { replicas, selector, template, ...(minReadySeconds ? { minReadySeconds } : {}) },
  };
  return as<ReplicaSet>(createObject(store, replicaSets, draft));
}

function inherited(deployment: Deployment): Record<string, string> {
  return Object.fromEntries(
    Object.entries(deployment.metadata.annotations ?? {}).filter(([key]) => !own.includes(key)),
  );
}

function noteRevision(store: Store, deployment: Deployment, revision: string): void {
  if (deployment.metadata.annotations?.[REVISION] === revision) return;
  updateObject(
    store,
    { kind: deployments, ...keyOf(deployment) },
    (draft) => void (draft.metadata.annotations = { ...draft.metadata.annotations, [REVISION]: revision }),
    { subresource: 'status' },
  );
}

function noteProgress(store: Store, deployment: Deployment, said: { reason: string; message: string }): void {
  const now = store.timestamp();
  const condition: Condition = { type: 'Progressing', status: 'True', ...said, lastUpdateTime: now };
  const conditions = withCondition(copy(deployment.status.conditions), condition, now);
  if (!same(conditions, deployment.status.conditions))
    writeStatus(store, deployments, deployment, { ...copy(deployment.status), conditions });
}

function keyOf(object: Resource): { namespace?: string; name: string } {
  const { namespace, name } = object.metadata;
  return namespace === undefined ? { name } : { namespace, name };
}
